import type {
  Answered,
  Connection,
  Opened,
  Session,
  SubscribeRequest,
  Subscription,
} from "./connection/connection.ts";
import type { Negotiated } from "./connection/negotiate.ts";
import { isUnreached } from "./outage.ts";
import { FAILURE_MIN, NOT_AUTHORIZED, withCode } from "./packets/errors.ts";
import type { ProtocolVersion } from "./packets/message.ts";
import { refusalOf, type Shortfall, subscriptionShortfalls } from "./shortfalls.ts";

/** A subscription of a session. */
export interface HeldSubscription extends Subscription {
  /** The broker's answer, where it differs from the request: a lower QoS, or from 0x80 on a refusal. */
  granted?: number;
}

/** Whether the broker has not refused the subscription. */
export function isHeld({ granted = 0 }: HeldSubscription): boolean {
  return granted < FAILURE_MIN;
}

/** What is known of a session at the broker. */
export interface SessionRecord {
  /** The subscriptions that the session may have; none where nothing is known. */
  subscriptions: readonly HeldSubscription[];
  /**
   * Whether the session certainly has all of them. It is false from CONNECT, which may begin a new and
   * empty session, until the broker has answered: a client that is killed in between must not trust the
   * session that it finds.
   */
  isAgreed: boolean;
  /**
   * A session that the broker keeps was not made from this memory: it may have subscriptions that are
   * not known here. Left out where the memory does not know.
   */
  isStrange?: boolean;
}

/** What a client remembers of its session: MQTT cannot list subscriptions, and a session outlives the process. */
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

/** The session to subscribe in. */
interface SubscribingSession {
  protocolVersion: ProtocolVersion;
  /** Whether messages have the identifiers of the subscriptions that they match. */
  identifiers: boolean;
  /** What the session may have, the oldest first; nothing in a new one. */
  has: readonly Subscription[];
}

/** What to subscribe to; a function where it depends on what the broker can do and on what the session has. */
export type Subscriptions =
  | readonly Subscription[]
  | ((session: SubscribingSession) => readonly Subscription[]);

/** Opens a connection that resumes the session of the client id, or one that drops it. */
type OpenSession = (kind: Session["kind"]) => Promise<Negotiated>;

interface SubscriptionSyncOptions {
  clientId: string;
  subscriptions: Subscriptions;
  memory?: SessionMemory | undefined;
  /** Called with each answer to a subscription, before a later message is handed on. */
  onAnswer?: ((answer: Answered) => void) | undefined;
  /** Called with what the broker does not grant of the subscriptions. Default: a refusal is thrown. */
  onShortfalls?: ((shortfalls: Shortfall[]) => void) | undefined;
  warn: (message: string) => void;
}

/** Makes the subscriptions of a session at the broker those that its client wants. */
export class SubscriptionSync {
  /** Whether messages belong to a session that is about to be dropped. */
  isStartingClean = false;

  readonly #options: SubscriptionSyncOptions;
  readonly #memory: SessionMemory;
  #wanted: Subscriptions;
  #live: Connection | null = null;
  #hasRefused = false;
  /** One change after the other: each starts from what the one before has left. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SubscriptionSyncOptions) {
    this.#options = options;
    this.#memory = options.memory ?? createSessionMemory();
    this.#wanted = options.subscriptions;
  }

  /**
   * Opens a connection and gives its session the wanted subscriptions.
   *
   * @throws what `open` throws, or a refusal where there is no `onShortfalls`.
   */
  connect(open: OpenSession): Promise<Negotiated> {
    return this.#inTurn(async () => {
      const known = this.#memory.load();
      // From CONNECT on the session is uncertain until the broker has answered.
      if (known.isAgreed) this.#memory.save({ ...known, isAgreed: false });
      await using opening = new AsyncDisposableStack();
      const opened = opening.use(
        await this.#openOwn(open).catch((error: unknown) => {
          // The broker has no CONNECT, so the session is what it was.
          if (isUnreached(error)) this.#memory.save(known);
          throw error;
        }),
      );
      const { sessionPresent, isSecondAttempt } = opened;
      await this.#apply(opened, {
        subscriptions: sessionPresent ? known.subscriptions : [],
        isAgreed: sessionPresent && known.isAgreed && !isSecondAttempt,
      });
      this.#live = opened;
      opening.move();
      return opened;
    });
  }

  /** The broker has opened a connection, of which no message was handed on yet. */
  opened({ sessionPresent, grants }: Opened): void {
    if (!sessionPresent || this.#memory.load().isStrange !== true) return;
    if (grants.identifiers) {
      this.#options.warn(
        `${this.#strangeSession()}: it goes on, with what was queued in it. Messages of subscriptions that were not made here are dropped.`,
      );
    } else this.isStartingClean = true;
  }

  /** The connection is no longer used. */
  disconnected(): void {
    this.#live = null;
  }

  /**
   * Wants something else from now on; resolves when a live session has it.
   *
   * @throws when the broker refuses, or the connection ends before it has answered.
   */
  change(subscriptions: Subscriptions): Promise<void> {
    this.#wanted = subscriptions;
    return this.#inTurn(async () => {
      if (this.#live !== null) await this.#apply(this.#live, this.#memory.load());
    });
  }

  /** Asks the broker of a live session again for what it has refused. @throws as `change`. */
  retryRefused(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#live === null || !this.#hasRefused) return;
      await this.#apply(this.#live, this.#memory.load());
    });
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => {
      // The caller handles it.
    });
    return turn;
  }

  /**
   * Opens the session that the broker keeps. One that is not known here may have subscriptions that
   * bring each message once more. Identifiers distinguish these copies; without identifiers the
   * session has to be dropped.
   */
  async #openOwn(open: OpenSession): Promise<Negotiated> {
    this.isStartingClean = false;
    try {
      const opened = await open("persistent");
      if (!this.isStartingClean) return opened;
      await opened[Symbol.asyncDispose]();
    } catch (error) {
      // Messages of the session were refused, which ended the connection.
      if (!this.isStartingClean) throw error;
    }
    // MQTT 3.1.1 has no session that begins clean and stays [MQTT-3.1.2-6].
    this.isStartingClean = false;
    const clean = await open("clean");
    await clean[Symbol.asyncDispose]();
    this.#options.warn(
      `${this.#strangeSession()}: it was dropped, with the messages that were queued in it. This broker does not say which subscription a message matches, so each message would come twice.`,
    );
    return await open("persistent");
  }

  #strangeSession(): string {
    return `the broker kept a session of the client id ${this.#options.clientId} that is not known here (a new data folder, another name of the broker, or another program)`;
  }

  async #apply(opened: Connection, has: SessionRecord): Promise<void> {
    const wanted = this.#wantedIn(opened, has);
    const difference = subscriptionDifference(has.subscriptions, wanted);
    const subscribe = has.isAgreed ? difference.subscribe : wanted;
    const { unsubscribe } = difference;
    if (subscribe.length > 0 || unsubscribe.length > 0) {
      // Until the broker has answered for all, the session may have the old ones and the new ones.
      const both = [...has.subscriptions, ...difference.subscribe];
      this.#memory.save({ subscriptions: both, isAgreed: false });
    }
    // The new ones first: a message that both match comes twice for a moment, instead of not at all.
    const answers = await this.#subscribe(opened, subscribe, has.subscriptions);
    if (unsubscribe.length > 0) await opened.unsubscribe(unsubscribe);
    this.#settle(wanted, answers, has.subscriptions);
  }

  #wantedIn({ protocolVersion, grants }: Connection, has: SessionRecord): Subscription[] {
    const { identifiers } = grants;
    const all =
      typeof this.#wanted === "function"
        ? this.#wanted({ protocolVersion, identifiers, has: has.subscriptions })
        : this.#wanted;
    return all.map(({ identifier, ...one }) =>
      identifiers && identifier !== undefined ? { ...one, identifier } : one,
    );
  }

  async #subscribe(
    opened: Connection,
    subscriptions: readonly Subscription[],
    has: readonly Subscription[],
  ): Promise<Answered[]> {
    const answers: Answered[] = [];
    const note = (answer: Answered): void => {
      answers.push(answer);
      this.#options.onAnswer?.(answer);
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

  /** Remembers what the session has now, and reports what the broker does not grant of it. */
  #settle(
    wanted: readonly Subscription[],
    answers: readonly Answered[],
    had: readonly HeldSubscription[],
  ): void {
    const { onShortfalls } = this.#options;
    const codes = new Map(answers.map(({ subscription, code }) => [subscription.filter, code]));
    const has = wanted.map((one): HeldSubscription => {
      const before = had.findLast(({ filter }) => filter === one.filter);
      const code = codes.get(one.filter) ?? before?.granted ?? one.qos;
      return code === one.qos ? one : { ...one, granted: code };
    });
    this.#memory.save({ subscriptions: has, isAgreed: true });
    this.#hasRefused = !has.every(isHeld);
    const shortfalls = subscriptionShortfalls(
      has.map((one) => ({ subscription: one, code: one.granted ?? one.qos })),
    );
    if (onShortfalls !== undefined) onShortfalls(shortfalls);
    else if (this.#hasRefused) throw withCode(shortfalls[0]?.reason ?? "", NOT_AUTHORIZED);
  }
}

/** Whether the broker is to send its retained messages: the session may not have brought them for this subscription. */
function isNewer({ filter, generation }: Subscription, has: readonly Subscription[]): boolean {
  if (generation === undefined) return false;
  return !has.some((one) => one.filter === filter && (one.generation ?? 0) >= generation);
}

/** The way from the subscriptions that a session has to those that are wanted. */
export function subscriptionDifference(
  has: readonly HeldSubscription[],
  wanted: readonly Subscription[],
): { subscribe: Subscription[]; unsubscribe: string[] } {
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
