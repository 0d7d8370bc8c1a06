import type { Clock } from "@weir/clock";
import { errorMessage } from "@weir/fault";
import {
  backoffMs,
  createLink,
  type DroppedMessage,
  type Link,
  pause,
  RECONNECT_BACKOFF,
  type ReceivedMessage,
} from "@weir/mqtt";
import type { HealthCheck, Logger } from "@weir/service";
import { isLocked } from "@weir/sqlite";
import type { LockWaits } from "../stream/lock-waits.ts";
import type { Stream } from "../stream/stream.ts";
import { createIntake } from "./intake.ts";
import { batchOf, type ConnectionPlan } from "./plan.ts";
import { createRoutes } from "./routes.ts";
import { openSessionFile } from "./session-file.ts";
import { subscriptionsOf } from "./subscriptions.ts";

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
  check: HealthCheck;
  /** Called after all commits, with how many messages they were and how long it took. */
  onCommitted: (messages: number, seconds: number) => void;
  /** Called after all commits, with who is to get a receipt, and for how many messages. */
  onPublishers: (publishers: ReadonlyMap<string, number>) => void;
  onUnmatched: (topic: string) => void;
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
  const { clock, logger, check, onUnmatched, onFault, locks } = options;
  let { plan, streams } = options;
  let isLockedOut = false;
  const session = openSessionFile(plan.sessionFile, {
    clientId: plan.clientId,
    brokerUrl: plan.broker.url,
  });

  const wanted = (version: 5 | 4) =>
    subscriptionsOf(plan.streams, { version, known: session.load().subscriptions });
  let routes = createRoutes(options.streams, wanted(5));
  const intake = createIntake({
    routes,
    streams: () => streams,
    session: sessionNameOf(plan),
    clock,
    onUnmatched,
  });

  function store(messages: readonly ReceivedMessage[], released: readonly number[]): void {
    const startMs = clock.monotonic();
    options.onPublishers(intake.store(messages, released));
    options.onCommitted(messages.length, (clock.monotonic() - startMs) / 1_000);
  }

  const link = createLink({
    broker: plan.broker,
    clientId: plan.clientId,
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
    onConnected: () => {
      check.pass();
      options.onConnected();
    },
    onDisconnected: check.fail,
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
    setStreams: async (changed, changedStreams) => {
      plan = changed;
      streams = changedStreams;
      routes = createRoutes(streams, wanted(5));
      intake.setRoutes(routes);
      try {
        await link.setSubscriptions(wanted);
      } catch (error) {
        // Nothing is lost by it: a connection that is made anew agrees on them anew.
        logger.warn(
          { connection: plan.name, reason: errorMessage(error) },
          "the broker has not agreed to the new subscriptions; it is asked again with the next connection",
        );
      }
    },
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}
