import type { Clock } from "@weir/clock";
import { errorMessage } from "@weir/fault";
import {
  type Answered,
  backoffMs,
  createLink,
  type DroppedMessage,
  isHeld,
  type Link,
  type Opened,
  pause,
  RECONNECT_BACKOFF,
  type ReceivedMessage,
  type SubscribingSession,
  type Subscription,
} from "@weir/mqtt";
import type { BrokerCheck, Logger } from "@weir/service";
import { isLocked } from "@weir/sqlite";
import type { LockWaits } from "../stream/lock-waits.ts";
import type { Stream } from "../stream/stream.ts";
import { createIntake } from "./intake.ts";
import { batchOf, type ConnectionPlan } from "./plan.ts";
import { createRoutes, type Routes } from "./routes.ts";
import { openSessionFile } from "./session-file.ts";
import { planSubscriptions, type SubscriptionPlan } from "./subscriptions.ts";

/** One connection to a broker with the streams that come over it. */
export interface Connection extends AsyncDisposable {
  readonly plan: ConnectionPlan;
  readonly link: Link;
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

  const link = createLink({
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
    link,
    takes: (stream, topic) => routes.of(topic).streams.includes(stream),
    start: link.start,
    setStreams: async (changed, others) => {
      plan = changed;
      streams = others;
      adapt({ identifiers: hasIdentifiers, has: session.load().subscriptions });
      try {
        await link.setSubscriptions(wanted);
      } catch (error) {
        // Nothing is lost by it: the next connection agrees on them.
        logger.warn(
          { connection: plan.name, reason: errorMessage(error) },
          "the broker has not agreed to the new subscriptions; it is asked again with the next connection",
        );
      }
    },
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}
