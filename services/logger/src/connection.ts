import {
  type Answered,
  backoffMs,
  createReconnectingClient,
  isHeld,
  pause,
  RECONNECT_BACKOFF,
  type ReconnectingClient,
  type Subscription,
} from "@weir/mqtt";
import { errorMessage, isLocked, type ServiceContext, watchBroker } from "@weir/runtime";
import type { StreamsConfig } from "@weir/streams";
import type { LoggerConfig } from "./config.ts";
import { Intake, Routes } from "./intake.ts";
import type { LockWaits } from "./lock-waits.ts";
import type { LoggerCounts } from "./metrics.ts";
import {
  type ConnectionPlan,
  DEFAULT,
  planConnections,
  planSubscriptions,
  type SubscriptionPlan,
} from "./plan.ts";
import { Receipts } from "./receipts.ts";
import { SessionFile } from "./session-file.ts";
import type { Stream } from "./stream.ts";

interface ConnectionsOptions extends ConnectionOptions, Pick<LoggerConfig, "clientId" | "file"> {
  streams: () => readonly Stream[];
}

/** The connections that run: one for each broker, and one for each stream that asks for its own. */
export class Connections implements AsyncDisposable {
  readonly #options: ConnectionsOptions;
  readonly #running = new Map<string, Connection>();
  /** By broker: a message may be stored by streams on several connections of one, but has one receipt. */
  readonly #receipts = new Map<string, Receipts>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Opens, changes and closes connections until they are what the streams ask for. */
  async apply(config: Pick<StreamsConfig, "brokers" | "streams">): Promise<void> {
    const plans = planConnections(config, this.#options);
    for (const plan of plans) {
      const known = this.#running.get(plan.name);
      if (known === undefined) this.#open(plan);
      else await known.setStreams(plan, this.#streamsOf(plan));
    }
    for (const [name, connection] of this.#running) {
      if (plans.some((plan) => plan.name === name)) continue;
      // Without subscriptions the broker queues nothing for the session that is left behind.
      await connection.setStreams({ ...connection.plan, streams: [] }, []);
      this.#running.delete(name);
      this.#receipts.get(connection.plan.brokerName)?.sources.delete(connection);
      await connection[Symbol.asyncDispose]();
    }
  }

  /** A client of the environment's broker; `null` while no stream uses it. */
  defaultClient(): ReconnectingClient | null {
    const found = this.#running.values().find(({ plan }) => plan.brokerName === DEFAULT);
    return found?.client ?? null;
  }

  #open(plan: ConnectionPlan): void {
    const receipts = this.#receipts.get(plan.brokerName) ?? new Receipts(this.#options);
    this.#receipts.set(plan.brokerName, receipts);
    const connection = createConnection(plan, this.#streamsOf(plan), {
      ...this.#options,
      receipts,
    });
    receipts.sources.add(connection);
    this.#running.set(plan.name, connection);
    connection.client.start();
  }

  #streamsOf({ streams }: ConnectionPlan): Stream[] {
    const names = new Set(streams.map(({ name }) => name));
    return this.#options.streams().filter((stream) => names.has(stream.config.name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Their last commits make receipts due.
    await Promise.all([...this.#running.values()].map((one) => one[Symbol.asyncDispose]()));
    for (const receipts of this.#receipts.values()) receipts[Symbol.dispose]();
  }
}

/** One connection to a broker with the streams that come over it. */
type Connection = ReturnType<typeof createConnection>;

interface ConnectionOptions
  extends Pick<LoggerConfig, "sessionExpirySeconds" | "transport">,
    Pick<ServiceContext, "clock" | "logger" | "health" | "metrics" | "fail"> {
  counts: LoggerCounts;
  locks: LockWaits;
}

const BATCH_BYTES_MAX = 4 * 1024 * 1024;

function createConnection(
  initialPlan: ConnectionPlan,
  initialStreams: readonly Stream[],
  options: ConnectionOptions & { receipts: Receipts },
) {
  const { clock, logger, counts, locks, receipts } = options;
  let plan = initialPlan;
  let streams = initialStreams;
  const { clientId, broker } = plan;
  const session = new SessionFile(plan.sessionFile, { clientId, brokerUrl: broker.url });
  const remembered = session.load();
  /** The filters that the session certainly has. */
  const held = new Set(
    remembered.isAgreed ? remembered.subscriptions.filter(isHeld).map(({ filter }) => filter) : [],
  );
  let has: readonly Subscription[] = remembered.subscriptions;
  let identifiers = true;
  let subscribed = planned();
  const intake = new Intake({
    routes: currentRoutes(),
    session: sessionNameOf(plan),
    clock,
    counts,
  });
  const brokerCheck = watchBroker(options, plan.name === DEFAULT ? "broker" : plan.name);
  let isLockedOut = false;

  function planned(): SubscriptionPlan {
    return planSubscriptions(plan.streams, { identifiers, has, takers: session.history.takers });
  }

  function currentRoutes(): Routes {
    const own = identifiers ? new Set(ownIdentifiers()) : null;
    return new Routes({ streams, plan: subscribed, held, own });
  }

  /** Of all subscriptions in the life of the session, each once, the newest last. */
  function ownIdentifiers(): number[] {
    const earlier = has.length === 0 ? [] : session.history.identifiers;
    const now = [...has, ...subscribed.subscriptions].map(({ identifier = 0 }) => identifier);
    return [...new Set([...earlier, ...now])];
  }

  /** Adapts plan and routes to the session of the moment. */
  function adapt(present: { identifiers: boolean; has: readonly Subscription[] }): void {
    ({ has, identifiers } = present);
    if (has.length === 0) held.clear();
    subscribed = planned();
    intake.routes = currentRoutes();
  }

  function subscriptionsFor(present: {
    identifiers: boolean;
    has: readonly Subscription[];
  }): readonly Subscription[] {
    adapt(present);
    session.history = { takers: subscribed.takers, identifiers: ownIdentifiers() };
    return subscribed.subscriptions;
  }

  function noteAnswer({ subscription, code }: Answered): void {
    if (isHeld({ ...subscription, granted: code })) held.add(subscription.filter);
    else held.delete(subscription.filter);
    intake.routes.clearCache();
  }

  /** Resolves when the next connection may be tried: for a locked store once it is free, otherwise with backoff. */
  async function untilReconnect(attempt: number, signal: AbortSignal): Promise<void> {
    const waitsForLock = isLockedOut;
    isLockedOut = false;
    if (waitsForLock) {
      await Promise.all(
        streams.map(({ config, store }) => locks.untilFree(config.name, () => store.isLocked())),
      );
    }
    if (waitsForLock && attempt === 0) return;
    await pause(clock, backoffMs(RECONNECT_BACKOFF, attempt, Math.random()), signal);
  }

  const client = createReconnectingClient({
    broker,
    clientId,
    clientIdSetting: "LOGGER_CLIENT_ID",
    session: { kind: "persistent", expirySeconds: options.sessionExpirySeconds },
    subscriptions: subscriptionsFor,
    sessionMemory: session,
    transport: options.transport,
    // The shortest wait of the streams that share a connection holds for all.
    batch: {
      rowsMax: Math.min(...plan.streams.map(({ batch }) => batch.rowsMax)),
      delayMs: Math.min(...plan.streams.map(({ batch }) => batch.delayMs)),
      bytesMax: BATCH_BYTES_MAX,
    },
    onBatch: (messages, released) => {
      const startMs = clock.monotonic();
      receipts.note(intake.store(messages, released));
      counts.commitSeconds.observe((clock.monotonic() - startMs) / 1_000);
      if (messages.length > 0) counts.batches.record(messages.length);
    },
    onNewSession: () => intake.beginSession(),
    commits: () => intake.commits,
    onDropped: ({ reason, topic, bytes }) => {
      counts.dropped += 1;
      logger.warn({ topic: topic.slice(0, 200), bytes }, `a message is ${reason}: not stored`);
    },
    onLost: (messages) => {
      counts.lost += messages;
    },
    onFault: (fault) => {
      // Nothing of the batch is acknowledged: the broker sends it again, with the next connection.
      if (isLocked(fault)) isLockedOut = true;
      else options.fail(fault);
    },
    reconnect: untilReconnect,
    ...brokerCheck,
    onOpened: ({ sessionPresent, grants }) => {
      const { subscriptions } = sessionPresent ? session.load() : { subscriptions: [] };
      adapt({ identifiers: grants.identifiers, has: subscriptions });
    },
    onAnswer: noteAnswer,
    onConnected: () => {
      brokerCheck.onConnected();
      receipts.connected();
    },
    clock,
    logger,
  });

  return {
    get plan(): ConnectionPlan {
      return plan;
    },
    get streams(): readonly Stream[] {
      return streams;
    },
    client,
    /** Whether one of its streams takes this topic. */
    takes: (stream: Stream, topic: string): boolean =>
      intake.routes.of(topic).streams.includes(stream),
    /** Continues with other streams, and changes the subscriptions to theirs. */
    setStreams: async (changed: ConnectionPlan, others: readonly Stream[]): Promise<void> => {
      plan = changed;
      streams = others;
      adapt({ identifiers, has: session.load().subscriptions });
      try {
        await client.setSubscriptions(subscriptionsFor);
      } catch (error) {
        // Nothing is lost: the next connection subscribes to them.
        logger.warn(
          { connection: plan.name, reason: errorMessage(error) },
          "the broker has not confirmed the new subscriptions; they are requested again with the next connection",
        );
      }
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** Packet ids belong to a client at a broker. The name is stored, so it holds no password. */
function sessionNameOf({ clientId, broker }: ConnectionPlan): string {
  const { host, pathname } = new URL(broker.url);
  return `${clientId} at ${host}${pathname === "/" ? "" : pathname}`;
}
