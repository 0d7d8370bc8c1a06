import { readFileSync, renameSync, writeFileSync } from "node:fs";
import {
  type Answered,
  backoffMs,
  createReconnectingClient,
  type DroppedMessage,
  isHeld,
  type Opened,
  pause,
  RECONNECT_BACKOFF,
  type ReceivedMessage,
  type ReconnectingClient,
  type SessionMemory,
  type SessionRecord,
  type SubscribingSession,
  type Subscription,
} from "@weir/mqtt";
import { type BrokerCheck, type Clock, errorMessage, isLocked, type Logger } from "@weir/runtime";
import type { LockWaits } from "../stream/lock-waits.ts";
import type { Stream } from "../stream/stream.ts";
import { batchOf, type ConnectionPlan } from "./plan.ts";
import {
  createRoutes,
  planSubscriptions,
  type Routes,
  type SubscriptionPlan,
  type Takers,
} from "./routes.ts";

/** One connection to a broker with the streams that come over it. */
export interface Connection extends AsyncDisposable {
  readonly plan: ConnectionPlan;
  readonly client: ReconnectingClient;
  /** Whether one of its streams takes this topic. */
  takes(stream: Stream, topic: string): boolean;
  start(): void;
  /** Goes on with other streams, and asks the broker for what they want. */
  setStreams(plan: ConnectionPlan, streams: readonly Stream[]): Promise<void>;
}

export interface ConnectionOptions {
  plan: ConnectionPlan;
  streams: readonly Stream[];
  sessionExpirySeconds: number;
  transport: "direct" | "mqttjs";
  clock: Clock;
  logger: Logger;
  brokerCheck: BrokerCheck;
  /** Called after all commits, with how many messages they were and how long it took. */
  onCommitted: (messages: number, seconds: number) => void;
  /** Called after all commits, with who is to get a receipt, and for how many messages. */
  onPublishers: (publishers: ReadonlyMap<string, number>) => void;
  onUnmatched: (topic: string) => void;
  /** Called for a message of a subscription that was not made here. */
  onStrange: (topic: string) => void;
  /** Called for a packet that is not taken. */
  onDropped: (dropped: DroppedMessage) => void;
  onConnected: () => void;
  locks: LockWaits;
  onFault: (fault: unknown) => void;
}

/** Whose packet ids come over this connection: they belong to a client at a broker, without a password. */
function sessionNameOf({ clientId, broker }: ConnectionPlan): string {
  const { host, pathname } = new URL(broker.url);
  return `${clientId} at ${host}${pathname === "/" ? "" : pathname}`;
}

const BATCH_BYTES_MAX = 4 * 1024 * 1024;

export function createConnection(options: ConnectionOptions): Connection {
  const { clock, logger, brokerCheck, onUnmatched, onStrange, onFault, locks } = options;
  let { plan, streams } = options;
  let isLockedOut = false;
  const session = openSessionFile(plan.sessionFile, {
    clientId: plan.clientId,
    brokerUrl: plan.broker.url,
  });
  const remembered = session.load();
  /** The filters that the session has for sure. */
  const held = new Set(
    remembered.isAgreed ? remembered.subscriptions.filter(isHeld).map(({ filter }) => filter) : [],
  );
  let has: readonly Subscription[] = remembered.subscriptions;
  let hasIdentifiers = true;
  let subscribed = planned();
  let routes = findRoutes();
  const intake = createIntake({
    routes,
    streams: () => streams,
    session: sessionNameOf(plan),
    clock,
    onUnmatched,
    onStrange,
  });

  function planned(): SubscriptionPlan {
    const { takers } = session.history();
    return planSubscriptions(plan.streams, { identifiers: hasIdentifiers, has, takers });
  }

  function findRoutes(): Routes {
    const own = hasIdentifiers ? new Set(ownIdentifiers()) : null;
    return createRoutes({ streams, plan: subscribed, held, own });
  }

  /** Of all subscriptions in the life of the session, each once, the newest last. */
  function ownIdentifiers(): number[] {
    const earlier = has.length === 0 ? [] : session.history().identifiers;
    const now = [...has, ...subscribed.subscriptions].map(({ identifier = 0 }) => identifier);
    return [...new Set([...earlier, ...now])];
  }

  /** Goes on with what the session has, and with the streams as they are. */
  function adapt(present: { identifiers: boolean; has: readonly Subscription[] }): void {
    ({ has, identifiers: hasIdentifiers } = present);
    if (has.length === 0) held.clear();
    subscribed = planned();
    routes = findRoutes();
    intake.setRoutes(routes);
  }

  function opened({ sessionPresent, grants: { identifiers } }: Opened): void {
    adapt({ identifiers, has: sessionPresent ? session.load().subscriptions : [] });
  }

  function wanted(present: SubscribingSession): readonly Subscription[] {
    adapt(present);
    session.setHistory({ takers: subscribed.takers, identifiers: ownIdentifiers() });
    return subscribed.subscriptions;
  }

  function answered({ subscription, code }: Answered): void {
    if (isHeld({ ...subscription, granted: code })) held.add(subscription.filter);
    else held.delete(subscription.filter);
    routes.forget();
  }

  function store(messages: readonly ReceivedMessage[], released: readonly number[]): void {
    const startMs = clock.monotonic();
    options.onPublishers(intake.store(messages, released));
    options.onCommitted(messages.length, (clock.monotonic() - startMs) / 1_000);
  }

  const client = createReconnectingClient({
    broker: plan.broker,
    clientId: plan.clientId,
    clientIdSetting: "LOGGER_CLIENT_ID",
    session: { kind: "persistent", expirySeconds: options.sessionExpirySeconds },
    subscriptions: wanted,
    sessionMemory: session,
    transport: options.transport,
    batch: { ...batchOf(plan.streams), bytesMax: BATCH_BYTES_MAX },
    onBatch: store,
    onNewSession: intake.beginSession,
    commits: intake.commits,
    onDropped: options.onDropped,
    onFault: (fault) => {
      // Nothing of the batch is acknowledged: the broker sends it again, with the next connection.
      if (isLocked(fault)) isLockedOut = true;
      else onFault(fault);
    },
    reconnect: async (attempt, signal) => {
      const waitsForLock = isLockedOut;
      isLockedOut = false;
      if (waitsForLock) {
        await Promise.all(
          streams.map(({ config, store }) => locks.untilFree(config.name, store.isLocked)),
        );
      }
      const wasShort = waitsForLock && attempt === 0;
      if (!wasShort) {
        await pause(clock, backoffMs(RECONNECT_BACKOFF, attempt, Math.random()), signal);
      }
    },
    ...brokerCheck,
    onOpened: opened,
    onAnswer: answered,
    onConnected: () => {
      brokerCheck.onConnected();
      options.onConnected();
    },
    clock,
    logger,
  });

  return {
    get plan() {
      return plan;
    },
    client,
    takes: (stream, topic) => routes.of(topic).streams.includes(stream),
    start: client.start,
    setStreams: async (changed, others) => {
      plan = changed;
      streams = others;
      adapt({ identifiers: hasIdentifiers, has: session.load().subscriptions });
      try {
        await client.setSubscriptions(wanted);
      } catch (error) {
        // Nothing is lost by it: the next connection agrees on them.
        logger.warn(
          { connection: plan.name, reason: errorMessage(error) },
          "the broker has not agreed to the new subscriptions; it is asked again with the next connection",
        );
      }
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** Whose session it is: another client id or broker has another one. */
interface SessionOwner {
  clientId: string;
  brokerUrl: string;
}

/** What else a logger remembers of its session. */
interface SessionHistory {
  /** Who takes its messages. */
  takers: Takers;
  /**
   * The identifiers of all subscriptions that were made in it, 0 for one without: what was queued long ago
   * still comes with them.
   */
  identifiers: readonly number[];
}

interface SessionFile extends SessionMemory {
  history(): SessionHistory;
  /** Has the next `save` remember this. */
  setHistory(history: SessionHistory): void;
}

type Remembered = SessionOwner & SessionRecord & Partial<SessionHistory>;

/** More than a session has subscriptions, by far. */
const IDENTIFIERS_MAX = 20_000;

/**
 * Remembers the session's subscriptions in a small file beside the store. Without the file, or with one
 * of another broker or client id, a session that the broker keeps is a strange one.
 */
function openSessionFile(file: string, owner: SessionOwner): SessionFile {
  const { clientId, brokerUrl } = owner;
  const found = read(file);
  let history: SessionHistory = {
    takers: found?.takers ?? {},
    identifiers: found?.identifiers ?? [],
  };

  return {
    load: () => {
      const remembered = read(file);
      if (remembered?.clientId !== clientId) {
        return { subscriptions: [], isAgreed: false, isStrange: true };
      }
      const { subscriptions, isAgreed } = remembered;
      // The broker may be the same one by another name: then these are the subscriptions that it has.
      if (remembered.brokerUrl !== brokerUrl) {
        return { subscriptions, isAgreed: false, isStrange: true };
      }
      return { subscriptions, isAgreed: isAgreed === true };
    },
    save: ({ subscriptions, isAgreed }) => {
      const temporary = `${file}.writing`;
      const remembered: Remembered = { ...owner, subscriptions, isAgreed, ...history };
      writeFileSync(temporary, JSON.stringify(remembered), { flush: true });
      renameSync(temporary, file);
    },
    history: () => history,
    setHistory: ({ takers, identifiers }) => {
      history = { takers, identifiers: identifiers.slice(-IDENTIFIERS_MAX) };
    },
  };
}

function read(file: string): Remembered | null {
  try {
    // Only this file writes it.
    return JSON.parse(readFileSync(file, "utf8")) as Remembered;
  } catch {
    return null;
  }
}

/** From what a connection brings to the streams' commits. */
interface Intake {
  /**
   * Stores messages, each in every stream that its topic belongs to. They are safe when this returns.
   * Each stream has a transaction of its own, and keeps for itself which packet ids of QoS 2 are open: a
   * message that comes again after a kill between two of them is stored by the second one alone.
   *
   * @param released packet ids of QoS 2 that are open no more.
   * @returns the publishers that are to get a receipt, and for how many messages.
   * @throws Fault when one of the streams cannot write; what was not acknowledged then comes again.
   */
  store(
    messages: readonly ReceivedMessage[],
    released: readonly number[],
  ): ReadonlyMap<string, number>;
  /** No packet id is open any more: the broker has forgotten the session. */
  beginSession(): void;
  /** How many commits the newest of that took. */
  commits(): number;
  /** Goes on with other streams. */
  setRoutes(routes: Routes): void;
}

interface IntakeOptions {
  routes: Routes;
  /** The streams of the connection. */
  streams: () => readonly Stream[];
  /** Whose packet ids the messages have: the client's at its broker. */
  session: string;
  clock: Clock;
  /** Called for a message on a topic of no stream: it is acknowledged, not stored. */
  onUnmatched: (topic: string) => void;
  /** Called for a message of a subscription that was not made here: it is acknowledged, not stored. */
  onStrange: (topic: string) => void;
}

export function createIntake(options: IntakeOptions): Intake {
  const { clock, streams, session, onUnmatched, onStrange } = options;
  let { routes } = options;
  const active = new Set<Stream>();
  let commits = 1;

  function hand(message: ReceivedMessage): void {
    const route = routes.of(message.topic);
    const verdict = routes.judge(message, route);
    // It came for one of the filters, and its topic does not tell which: better in each than in none.
    const takers =
      route.streams.length === 0 && message.flaw !== undefined ? streams() : route.streams;
    if (verdict === "strange") onStrange(message.topic);
    else if (takers.length === 0) onUnmatched(message.topic);
    if (verdict !== "store") return;
    for (const stream of takers) {
      // It took the topic before: what the broker keeps has come already.
      if (message.retained && route.hadRetained.has(stream)) stream.counts.skipped += 1;
      else {
        stream.take(message, session);
        active.add(stream);
      }
    }
  }

  function release(packetIds: readonly number[]): void {
    for (const stream of streams()) {
      if (stream.release(packetIds, session)) active.add(stream);
    }
  }

  return {
    store: (messages, released) => {
      const receivedUs = clock.now() * 1_000;
      if (released.length > 0) release(released);
      for (const message of messages) hand(message);
      const publishers = new Map<string, number>();
      try {
        // A message that comes again because one store was locked must not be in another already.
        if (active.size > 1) for (const stream of active) stream.store.reserve();
        for (const stream of active) {
          for (const [publisher, count] of stream.commit(receivedUs)) {
            publishers.set(publisher, (publishers.get(publisher) ?? 0) + count);
          }
        }
      } finally {
        for (const stream of active) stream.leave();
        commits = Math.max(active.size, 1);
        active.clear();
      }
      return publishers;
    },
    beginSession: () => {
      for (const stream of streams()) {
        if (!stream.beginSession(session)) continue;
        try {
          stream.commit(clock.now() * 1_000);
        } catch {
          // Its next commit says so, too, and notes the session once it can.
        }
      }
    },
    commits: () => commits,
    setRoutes: (changed) => {
      routes = changed;
    },
  };
}
