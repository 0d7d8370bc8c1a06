import { addAbortListener } from "node:events";
import type { Clock } from "@weir/runtime";
import { backoffMs, pause, RECONNECT_BACKOFF } from "./backoff.ts";
import {
  BATCH_LIMITS,
  type BatchLimits,
  type Broker,
  type Connection,
  type ConnectionOptions,
  type DroppedMessage,
  type InboundMessage,
  type Opened,
  type ProtocolVersion,
  type PublishOptions,
  type Receiver,
  receiverOf,
  type Session,
} from "./connection/connection.ts";
import { negotiateConnection, openerFor, type Transport } from "./connection/negotiate.ts";
import {
  codeOf,
  createTakeovers,
  describeOutage,
  type Outage,
  SESSION_TAKEN_OVER,
} from "./outage.ts";
import { createBrokenPackets } from "./packets/errors.ts";
import { type Answered, connectionShortfalls, type Shortfall } from "./shortfalls.ts";
import {
  createSubscriptionSync,
  type SessionMemory,
  type Subscriptions,
} from "./subscription-sync.ts";
import { watchCertificates } from "./tls.ts";

/** The part of a log that a link writes to. */
export interface ClientLogger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  debug(details: object, message: string): void;
}

export interface ReconnectingClientOptions {
  broker: Broker;
  clientId: string;
  /** The setting that holds the client id, for an operator whose clients have the same one. Default: there is none. */
  clientIdSetting?: string;
  session: Session;
  /** A function where they depend on what the broker can do. Default none. */
  subscriptions?: Subscriptions;
  /** Where the session's subscriptions are remembered. Default: in this process, for as long as it lives. */
  sessionMemory?: SessionMemory;
  /** Tells others whether this client is there. Default: nobody is told. */
  availability?: Availability;
  /** Called for each message, also for those that come before `onConnected`; then it is acknowledged. */
  onMessage?: (message: InboundMessage) => void;
  /**
   * Instead of `onMessage`: called for what came within `batch.delayMs`. All of it is acknowledged when
   * this returns. When it throws nothing is, the connection ends, and `onFault` gets what was thrown.
   */
  onBatch?: Receiver["onBatch"];
  /** With `onBatch`: called before the first message of a session that is new. */
  onNewSession?: Receiver["onNewSession"];
  /** Default `BATCH_LIMITS`. */
  batch?: BatchLimits;
  /** Into how many transactions the newest batch went: a tick is to be worth each of them. Default 1. */
  commits?: () => number;
  /** Default: what `onBatch` throws is nobody's, and ends the process. */
  onFault?: (fault: unknown) => void;
  /** Called for each message that is not handed on: larger than 1 MiB, or unreadable. */
  onDropped?: (dropped: DroppedMessage) => void;
  /** `direct` reads the socket itself where the URL is mqtt://, for those who take very much. Default `mqttjs`. */
  transport?: Transport;
  /** Called when CONNACK has come, before the first message is handed on. */
  onOpened?: (opened: Opened) => void;
  /** Called with the broker's answer to each subscription, before a message that comes behind it. */
  onAnswer?: (answer: Answered) => void;
  /**
   * Called with all that the broker does not grant, before `onConnected` and whenever it has changed; the
   * log says it, too. Without it a refused filter ends the connection.
   */
  onShortfalls?: (shortfalls: readonly Shortfall[]) => void;
  /** Called when another client of the same id seems to have ended the connection. */
  onTakeover?: () => void;
  /** Connected and subscribed. */
  onConnected?: (connected: { protocolVersion: ProtocolVersion }) => void;
  /** Not connected any more, or not yet: called once per outage, with its reason and what to do about it. */
  onDisconnected?: (reason: string, remedy: string) => void;
  clock: Clock;
  logger: ClientLogger;
  /** A number in [0, 1) for the jitter of reconnecting. Default Math.random. */
  random?: () => number;
  /**
   * The wait in milliseconds before the link tries again; `attempt` is 0 when an outage begins.
   * Default full jitter, growing from 200 ms to 10 s.
   */
  delay?: (attempt: number) => number;
  /**
   * Resolves when the link may try again; `signal` says that it is stopped. Must not reject. Default
   * after `delay(attempt)`; whoever replaces this replaces that, too.
   */
  reconnect?: (attempt: number, signal: AbortSignal) => Promise<void>;
}

/** A connection to a broker that is made again whenever it is lost. */
export interface ReconnectingClient extends AsyncDisposable {
  /** Begins to connect. Nothing happens before. */
  start(): void;
  /**
   * Sends a message; resolves when the broker has it (QoS 1: PUBACK).
   *
   * @throws when there is no connection, or it ends before the broker has answered: whether the
   * message arrived is then unknown.
   */
  publish(topic: string, payload: string | Buffer, options: PublishOptions): Promise<void>;
  /**
   * Receives something else from now on: in the live session, of which the former subscriptions that are
   * not wanted any more are removed, and in later ones. Resolves when the live one has agreed, at once
   * if there is none.
   *
   * @throws when the broker refuses, or the connection ends before it has answered.
   */
  setSubscriptions(subscriptions: Subscriptions): Promise<void>;
}

const TIMEOUTS = { connectMs: 10_000, goodbyeMs: 1_000 };
/** A connection that held for so long ends an outage; one that is lost sooner is part of it. */
const STEADY_AFTER_MS = 10_000;
/** So often a filter that was refused is asked for again. */
const ASK_AGAIN_MS = 60_000;

export function createReconnectingClient(options: ReconnectingClientOptions): ReconnectingClient {
  const { clock, logger, broker } = options;
  const random = options.random ?? Math.random;
  const delay = options.delay ?? ((attempt) => backoffMs(RECONNECT_BACKOFF, attempt, random()));
  const reconnect =
    options.reconnect ?? ((attempt, stopped) => pause(clock, delay(attempt), stopped));
  const availability = options.availability ?? null;
  const { clientId, session } = options;
  const shownUrl = withoutPassword(broker.url);
  const takeovers = createTakeovers(clientId, options.clientIdSetting ?? null);
  const sync = createSubscriptionSync({
    clientId,
    subscriptions: options.subscriptions ?? [],
    ...(options.sessionMemory && { memory: options.sessionMemory }),
    onAnswer: options.onAnswer,
    onShortfalls:
      options.onShortfalls &&
      ((found) => {
        subscriptionsShort = found;
      }),
    warn: (message) => logger.warn({ broker: shownUrl }, message),
  });
  const connectionOptions: ConnectionOptions = {
    ...broker,
    clientId,
    session,
    will: availability === null ? null : willOf(availability),
    receiver: guarded(receiverFor(options), sync.isStartingClean),
    onOpened: (opened) => {
      sync.opened(opened);
      if (!sync.isStartingClean()) options.onOpened?.(opened);
    },
    timeouts: TIMEOUTS,
    clock,
  };
  const openConnection = openerFor(options.transport ?? "mqttjs", broker);

  const stopping = new AbortController();
  const { signal } = stopping;
  let life: Promise<void> | null = null;
  let connection: Connection | null = null;
  /** The reason told last, `null` while connected and at first. */
  let outage: string | null = null;
  /** What the broker does not grant of the connection, and of the subscriptions; and what of it was told. */
  let connectionShort: Shortfall[] = [];
  let subscriptionsShort: Shortfall[] = [];
  let told = new Set<string>();

  async function live(): Promise<void> {
    using _certificates = watchCertificates(broker, { clock, logger });
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const opened = await open();
      if (opened !== null && (await hold(opened)) >= STEADY_AFTER_MS) attempt = 0;
      await untilNext(attempt);
    }
  }

  /** Connects and subscribes; `null` when that failed. */
  async function open(): Promise<Connection | null> {
    try {
      await using opening = new AsyncDisposableStack();
      const opened = opening.use(
        await sync.reach((kind) => {
          const asked =
            kind === "clean" ? { ...connectionOptions, session: CLEAN } : connectionOptions;
          return negotiateConnection(openConnection, asked, signal);
        }),
      );
      await tell(opened, ONLINE);
      signal.throwIfAborted();
      opening.move();
      return opened;
    } catch (error) {
      sync.leave();
      if (isTakeover(error) && takeovers.ended(causeOf(error), 0)) options.onTakeover?.();
      reportOutage(error, takeovers.outage());
      return null;
    }
  }

  async function tell(opened: Connection, state: string): Promise<void> {
    if (availability === null) return;
    await opened.publish(availability.topic, state, AVAILABILITY_OPTIONS);
  }

  /** A goodbye makes the broker forget the will, so what it would say is said before. */
  async function sayOffline(): Promise<void> {
    if (connection === null || availability === null) return;
    const late = Promise.withResolvers<void>();
    using _timer = clock.schedule(TIMEOUTS.goodbyeMs, () => late.resolve());
    const told = tell(connection, OFFLINE).catch(() => {
      // The connection has ended by itself, and so the broker tells it.
    });
    await Promise.race([told, late.promise]);
  }

  /** Lets the connection be used until it ends; returns how long that was, in milliseconds. */
  async function hold(opened: Connection): Promise<number> {
    // Closed also when a callback throws.
    await using _opened = opened;
    const sinceMs = clock.monotonic();
    const { protocolVersion, sessionPresent } = opened;
    logger.info({ broker: shownUrl, protocolVersion, sessionPresent }, "connected to the broker");
    connection = opened;
    outage = null;
    connectionShort = connectionShortfalls(
      opened.grants,
      protocolVersion,
      expirySecondsOf(session),
    );
    reportShortfalls();
    options.onConnected?.({ protocolVersion });

    using _askingAgain = clock.repeat(ASK_AGAIN_MS, () => {
      takeovers.holds(clock.monotonic() - sinceMs);
      askAgain();
    });
    const reason = await opened.closed;
    const heldMs = clock.monotonic() - sinceMs;
    connection = null;
    sync.leave();
    if (!signal.aborted && takeovers.ended(reason, heldMs)) options.onTakeover?.();
    reportOutage(reason, takeovers.outage());
    return heldMs;
  }

  function askAgain(): void {
    sync
      .retry()
      .then(reportShortfalls, (error: unknown) =>
        logger.debug({ err: error }, "the broker has not answered for what it refused"),
      );
  }

  /** Tells what was not told yet: once, however often the link connects. */
  function reportShortfalls(): void {
    const all = [...connectionShort, ...subscriptionsShort, ...takeovers.shortfalls()];
    const toTell = all.filter(({ kind }) => kind !== "client id");
    for (const { kind, reason } of toTell) {
      if (!told.has(reason)) logger.warn({ broker: shownUrl, shortfall: kind }, reason);
    }
    if (toTell.length === 0 && told.size > 0) {
      logger.info({ broker: shownUrl }, "the broker grants all that is asked for");
    }
    told = new Set(toTell.map(({ reason }) => reason));
    options.onShortfalls?.(all);
  }

  function reportOutage(error: unknown, takeover: Outage | null = null): void {
    if (signal.aborted) return;
    const { reason, remedy } = takeover ?? describeOutage(error);
    const isFirst = outage === null;
    if (reason === outage) logger.debug({ broker: shownUrl, reason }, "still no broker");
    else {
      logger.warn(
        { broker: shownUrl, reason },
        `no connection to the broker at ${shownUrl} (${reason}); trying until there is one. ${remedy}`,
      );
    }
    outage = reason;
    if (isFirst) options.onDisconnected?.(reason, remedy);
  }

  /** Waits as `reconnect` says, but not longer than the link lives. */
  async function untilNext(attempt: number): Promise<void> {
    const stopped = Promise.withResolvers<void>();
    using _aborting = addAbortListener(signal, () => stopped.resolve());
    const longerMs = takeovers.waitMs(random());
    if (longerMs > 0) await pause(clock, longerMs, signal);
    await Promise.race([reconnect(attempt, signal), stopped.promise]);
  }

  return {
    start: () => {
      life ??= live();
    },
    publish: async (topic, payload, publishOptions) => {
      if (connection === null) throw new Error("there is no connection to the broker");
      await connection.publish(topic, payload, publishOptions);
    },
    setSubscriptions: async (subscriptions) => {
      await sync.change(subscriptions);
      if (connection !== null) reportShortfalls();
    },
    [Symbol.asyncDispose]: async () => {
      await sayOffline();
      stopping.abort();
      await life;
    },
  };
}

/** Why an answer did not come, where that is what failed. */
function causeOf(error: unknown): unknown {
  return error instanceof Error ? (error.cause ?? error) : error;
}

function isTakeover(error: unknown): boolean {
  return codeOf(causeOf(error)) === SESSION_TAKEN_OVER;
}

const CLEAN: Session = { kind: "clean" };

function expirySecondsOf(session: Session): number {
  return session.kind === "persistent" ? session.expirySeconds : 0;
}

/** Takes nothing of a session that is about to be thrown away, and acknowledges nothing. */
function guarded(receiver: Receiver, isRefusing: () => boolean): Receiver {
  return {
    ...receiver,
    onBatch: (messages, released) => {
      if (isRefusing()) throw new Error("the session is not ours");
      receiver.onBatch(messages, released);
    },
    onFault: (fault) => {
      if (!isRefusing()) receiver.onFault(fault);
    },
  };
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return shown.href;
}

function receiverFor(options: ReconnectingClientOptions): Receiver {
  const { onMessage = () => {}, onBatch, batch = BATCH_LIMITS, onDropped = () => {} } = options;
  const { commits = () => 1, onNewSession = () => {} } = options;
  if (onBatch === undefined) return { ...receiverOf(onMessage), onDropped };
  if (options.onMessage !== undefined) {
    throw new TypeError("a link hands its messages to onMessage or to onBatch, not to both");
  }
  const onFault =
    options.onFault ??
    ((fault) => {
      throw fault;
    });
  const brokenPackets = createBrokenPackets();
  return { onBatch, onNewSession, batch, commits, onFault, onDropped, brokenPackets };
}

/** Tells everybody whether this client is there: `online` as its birth, `offline` as its will or its goodbye. */
interface Availability {
  /** Where it is told, as a retained message. */
  topic: string;
}

const ONLINE = "online";
const OFFLINE = "offline";
const AVAILABILITY_OPTIONS = { qos: 1, retain: true } as const satisfies PublishOptions;

/** What the broker publishes when the connection ends without a goodbye [MQTT-3.1.2-8]. */
export interface Will {
  topic: string;
  payload: string;
  qos: 0 | 1;
  retain: boolean;
}

function willOf({ topic }: Availability): Will {
  return { topic, payload: OFFLINE, ...AVAILABILITY_OPTIONS };
}
