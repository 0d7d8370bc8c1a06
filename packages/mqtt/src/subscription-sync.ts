import type {
  Connection,
  Opened,
  ProtocolVersion,
  Session,
  SubscribeRequest,
  Subscription,
} from "./connection/connection.ts";
import type { Negotiated } from "./connection/negotiate.ts";
import { isUnreached, REFUSED_USER, withCode } from "./outage.ts";
import {
  type Answered,
  isRefused,
  REFUSED_MIN,
  refusalOf,
  type Shortfall,
  subscriptionShortfalls,
} from "./shortfalls.ts";

/** What there is to subscribe in. */
export interface SubscribingSession {
  protocolVersion: ProtocolVersion;
  /** Whether messages can tell the subscription that brought them. */
  identifiers: boolean;
  /** What the session may have, the oldest first; nothing in a new one. */
  has: readonly Subscription[];
}

/** What to subscribe to, where it depends on what the broker can do and on what the session has. */
export type Subscriptions =
  | readonly Subscription[]
  | ((session: SubscribingSession) => readonly Subscription[]);

/** Opens a connection that goes on with the session of the client id, or one that throws it away. */
type OpenSession = (kind: Session["kind"]) => Promise<Negotiated>;

/** Keeps the subscriptions of a session at the broker what its owner wants them to be. */
interface SubscriptionSync {
  /**
   * Opens a connection, and has its session agree with what is wanted.
   *
   * @throws what `open` throws, or when a subscription is refused that is not to be missed.
   */
  reach(open: OpenSession): Promise<Negotiated>;
  /** The broker has opened a connection, of which no message was handed on yet. */
  opened(opened: Opened): void;
  /** Whether messages belong to a session that is about to be thrown away. */
  isStartingClean(): boolean;
  /** The connection is not used any more. */
  leave(): void;
  /**
   * Wants something else from now on; resolves when a live session has it.
   *
   * @throws when the broker refuses, or the connection ends before it has answered.
   */
  change(subscriptions: Subscriptions): Promise<void>;
  /** Asks a live session's broker again for what it has refused. @throws as `change`. */
  retry(): Promise<void>;
}

interface AgreementOptions {
  clientId: string;
  subscriptions: Subscriptions;
  memory?: SessionMemory;
  /** Called with each answer to a subscription, before a message that comes behind it. */
  onAnswer?: ((answer: Answered) => void) | undefined;
  /** Called with what the broker does not grant of the subscriptions. Default: a refusal is thrown. */
  onShortfalls?: ((shortfalls: Shortfall[]) => void) | undefined;
  warn: (message: string) => void;
}

export function createSubscriptionSync(options: AgreementOptions): SubscriptionSync {
  const { clientId, memory = createSessionMemory(), onAnswer, onShortfalls, warn } = options;
  let wanted = options.subscriptions;
  let live: Connection | null = null;
  let isStartingClean = false;
  let hasRefused = false;
  /** One change after the other: each starts from what the one before has left. */
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = last.then(task);
    last = turn.catch(() => {
      // Whoever asked for it knows.
    });
    return turn;
  }

  async function reach(open: OpenSession): Promise<Negotiated> {
    const known = memory.load();
    // From CONNECT on nothing is sure, until the broker has agreed.
    if (known.isAgreed) memory.save({ ...known, isAgreed: false });
    await using opening = new AsyncDisposableStack();
    const opened = opening.use(await orRemember(() => openOwn(open), known));
    await agree(opened, known);
    live = opened;
    opening.move();
    return opened;
  }

  async function orRemember(
    open: () => Promise<Negotiated>,
    known: SessionRecord,
  ): Promise<Negotiated> {
    try {
      return await open();
    } catch (error) {
      // No CONNECT came through, so the session is what it was.
      if (isUnreached(error)) memory.save(known);
      throw error;
    }
  }

  /**
   * Opens the session that the broker keeps. A strange one may have subscriptions that bring each message
   * once more. Identifiers tell these copies apart; without identifiers the session has to go.
   */
  async function openOwn(open: OpenSession): Promise<Negotiated> {
    isStartingClean = false;
    try {
      const opened = await open("persistent");
      if (!isStartingClean) return opened;
      await opened[Symbol.asyncDispose]();
    } catch (error) {
      // Messages of it that came were refused, which ends the connection.
      if (!isStartingClean) throw error;
    }
    // MQTT 3.1.1 has no session that begins clean and stays [MQTT-3.1.2-6].
    isStartingClean = false;
    const clean = await open("clean");
    await clean[Symbol.asyncDispose]();
    warn(
      `the broker kept a session of the client id ${clientId} that is not known here (a new data folder, another name of the broker, or another program): it was thrown away, with the messages that were queued in it. This broker cannot tell which of its subscriptions brings a message, so each one would come twice.`,
    );
    return await open("persistent");
  }

  function opened({ sessionPresent, grants }: Opened): void {
    if (!sessionPresent || memory.load().isStrange !== true) return;
    if (grants.identifiers) {
      warn(
        `the broker kept a session of the client id ${clientId} that is not known here (a new data folder, another name of the broker, or another program): it goes on, with what was queued in it. Messages of subscriptions that were not made here are dropped.`,
      );
    } else isStartingClean = true;
  }

  /** A session that the broker kept is taken as it is, as far as its subscriptions are the wanted ones. */
  async function agree(opened: Negotiated, known: SessionRecord): Promise<void> {
    const { sessionPresent, isSecondAttempt } = opened;
    await apply(opened, {
      subscriptions: sessionPresent ? known.subscriptions : [],
      isAgreed: sessionPresent && known.isAgreed && !isSecondAttempt,
    });
  }

  async function apply(opened: Connection, has: SessionRecord): Promise<void> {
    const all = wantedIn(opened, has);
    const difference = subscriptionDifference(has.subscriptions, all);
    const subscribe = has.isAgreed ? difference.subscribe : all;
    const { unsubscribe } = difference;
    if (subscribe.length > 0 || unsubscribe.length > 0) {
      // Until the broker has agreed to everything, the session may have the ones and the others.
      const both = [...has.subscriptions, ...difference.subscribe];
      memory.save({ subscriptions: both, isAgreed: false });
    }
    // The new ones first: a message that both match comes twice for a moment, instead of not at all.
    const answers = await ask(opened, subscribe, has.subscriptions);
    if (unsubscribe.length > 0) await opened.unsubscribe(unsubscribe);
    settle(all, answers, has.subscriptions);
  }

  function wantedIn({ protocolVersion, grants }: Connection, has: SessionRecord): Subscription[] {
    const { identifiers } = grants;
    const all =
      typeof wanted === "function"
        ? wanted({ protocolVersion, identifiers, has: has.subscriptions })
        : wanted;
    return all.map(({ identifier, ...one }) =>
      identifiers && identifier !== undefined ? { ...one, identifier } : one,
    );
  }

  async function ask(
    opened: Connection,
    subscriptions: readonly Subscription[],
    has: readonly Subscription[],
  ): Promise<Answered[]> {
    const answers: Answered[] = [];
    const note = (answer: Answered): void => {
      answers.push(answer);
      onAnswer?.(answer);
    };
    const requests: SubscribeRequest[] = [];
    for (const subscription of subscriptions) {
      const code = refusalOf(subscription, opened.grants);
      if (code !== null) note({ subscription, code });
      else requests.push({ ...subscription, withRetained: isNewer(subscription, has) });
    }
    await opened.subscribe(requests, note);
    return answers;
  }

  function settle(
    all: readonly Subscription[],
    answers: readonly Answered[],
    has: readonly HeldSubscription[],
  ): void {
    const codes = new Map(answers.map(({ subscription, code }) => [subscription.filter, code]));
    const held = all.map((one): HeldSubscription => {
      const before = has.findLast(({ filter }) => filter === one.filter);
      const code = codes.get(one.filter) ?? before?.granted ?? one.qos;
      return code === one.qos ? one : { ...one, granted: code };
    });
    memory.save({ subscriptions: held, isAgreed: true });
    const result = held.map((one) => ({ subscription: one, code: one.granted ?? one.qos }));
    const shortfalls = subscriptionShortfalls(result);
    const refused = result.find(isRefused);
    hasRefused = refused !== undefined;
    // Some owners can do without, and say what they miss.
    if (onShortfalls !== undefined) onShortfalls(shortfalls);
    else if (refused !== undefined) throw withCode(shortfalls[0]?.reason ?? "", REFUSED_USER);
  }

  return {
    reach: (open) => inTurn(() => reach(open)),
    opened,
    isStartingClean: () => isStartingClean,
    leave: () => {
      live = null;
    },
    change: async (subscriptions) => {
      wanted = subscriptions;
      await inTurn(async () => {
        if (live !== null) await apply(live, memory.load());
      });
    },
    retry: async () => {
      await inTurn(async () => {
        if (live !== null && hasRefused) await apply(live, memory.load());
      });
    },
  };
}

/** Whether the broker is to send what it keeps, because the session may not have brought it for this subscription. */
function isNewer({ filter, generation }: Subscription, has: readonly Subscription[]): boolean {
  if (generation === undefined) return false;
  return !has.some((one) => one.filter === filter && (one.generation ?? 0) >= generation);
}

/** A subscription of a session. */
export interface HeldSubscription extends Subscription {
  /** What the broker said, where that is not what was asked for: a lower QoS, or from 0x80 on a refusal. */
  granted?: number;
}

/** What is known of a session at the broker. */
export interface SessionRecord {
  /** The subscriptions that the session may have; none where nothing is known. */
  subscriptions: readonly HeldSubscription[];
  /**
   * Whether it has all of them for sure. It is not between a CONNECT, which may make a new session with
   * none, and what the broker answers: whoever is killed there must not trust the session that it finds.
   */
  isAgreed: boolean;
  /**
   * A session that the broker keeps was not made from this memory: it may have subscriptions of which
   * nobody here knows. Left out where the memory cannot tell.
   */
  isStrange?: boolean;
}

/**
 * What a client remembers of its session at the broker. MQTT has no way to ask, and a session outlives
 * the process that made it.
 */
export interface SessionMemory {
  load(): SessionRecord;
  save(record: SessionRecord): void;
}

/** A memory that lasts as long as the process. */
export function createSessionMemory(): SessionMemory {
  let remembered: SessionRecord = { subscriptions: [], isAgreed: false };
  return {
    load: () => remembered,
    save: (record) => {
      remembered = record;
    },
  };
}

/** Whether the broker has not refused it. */
export function isHeld({ granted = 0 }: HeldSubscription): boolean {
  return granted < REFUSED_MIN;
}

/** What leads from the subscriptions that a session has to those that are wanted. */
interface SubscriptionDifference {
  subscribe: Subscription[];
  unsubscribe: string[];
}

export function subscriptionDifference(
  has: readonly HeldSubscription[],
  wanted: readonly Subscription[],
): SubscriptionDifference {
  const isSame = (a: Subscription, b: Subscription): boolean =>
    a.filter === b.filter &&
    a.qos === b.qos &&
    a.identifier === b.identifier &&
    a.retainAsPublished === b.retainAsPublished &&
    a.generation === b.generation;
  const filters = new Set(wanted.map(({ filter }) => filter));
  return {
    subscribe: wanted.filter((one) => !has.some((other) => isHeld(other) && isSame(one, other))),
    unsubscribe: [...new Set(has.map(({ filter }) => filter))].filter(
      (filter) => !filters.has(filter),
    ),
  };
}

/** Subscriptions that go into one SUBSCRIBE. */
export interface SubscriptionGroup<S extends Subscription> {
  /** `null` for those that have none. */
  identifier: number | null;
  members: readonly S[];
}

/** A SUBSCRIBE has one identifier for all its filters [MQTT-3.8.2.1.2], so there is one for each of them. */
export function byIdentifier<S extends Subscription>(
  subscriptions: readonly S[],
): SubscriptionGroup<S>[] {
  const groups = Map.groupBy(subscriptions, ({ identifier }) => identifier ?? null);
  return [...groups].map(([identifier, members]) => ({ identifier, members }));
}
