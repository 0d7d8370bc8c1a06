import { addAbortListener } from "node:events";
import type { Clock } from "@weir/runtime";
import { writeToStream } from "mqtt-packet";
import type {
  Answered,
  Broker,
  Connection,
  ConnectionOptions,
  Opened,
  Receiver,
  Session,
} from "./connection/connection.ts";
import { MissingPackets, type Settled } from "./connection/missing-packets.ts";
import { negotiateConnection, openerFor, type Transport } from "./connection/negotiate.ts";
import { backoffMs, describeOutage, type Outage, pause, RECONNECT_BACKOFF } from "./outage.ts";
import type { DroppedMessage, ProtocolVersion, PublishOptions } from "./packets/message.ts";
import { receiverOf, type TakesBatches, type TakesMessages } from "./receiver.ts";
import { connectionShortfalls, type Shortfall } from "./shortfalls.ts";
import { type SessionMemory, SubscriptionSync, type Subscriptions } from "./subscription-sync.ts";
import { Takeovers } from "./takeovers.ts";
import { watchCertificates } from "./tls.ts";

/** The part of a log that a client writes to. */
export interface ClientLogger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  debug(details: object, message: string): void;
}

/** What a client is, whether it takes messages or batches. */
export interface ClientOptions {
  broker: Broker;
  clientId: string;
  /** The setting that holds the client id, for operators whose clients have the same one. Default: there is none. */
  clientIdSetting?: string;
  session: Session;
  /** Default none. */
  subscriptions?: Subscriptions;
  /** Where the session's subscriptions are remembered. Default: in this process, as long as it lives. */
  sessionMemory?: SessionMemory;
  /**
   * Where to publish, retained, whether this client is there: `online` when it connects, `offline` as its
   * will and before it disconnects. Default: it is not published.
   */
  availability?: { topic: string };
  /** Called for each message that is dropped: larger than 1 MiB, or unreadable. */
  onDropped?: (dropped: DroppedMessage) => void;
  /** `direct` reads the socket itself where the URL is mqtt:// or mqtts://, for clients that receive very much. Default `mqttjs`. */
  transport?: Transport;
  /** Called on CONNACK, before the first message is handed on. */
  onOpened?: (opened: Opened) => void;
  /** Called with the broker's answer to each subscription, before a later message is handed on. */
  onAnswer?: (answer: Answered) => void;
  /**
   * Called with all that the broker does not grant, before `onConnected` and whenever it has changed; the
   * log says it, too. Without it a refused filter ends the connection.
   */
  onShortfalls?: (shortfalls: readonly Shortfall[]) => void;
  /** Called when another client of the same id seems to have ended the connection. */
  onTakeover?: () => void;
  /** Called with how many messages of QoS 1 the broker has dropped for this client, though it had counted them. */
  onLost?: (messages: number) => void;
  /** Called when it is connected and subscribed. */
  onConnected?: (connected: { protocolVersion: ProtocolVersion }) => void;
  /** Called once per outage, also at the start, with its reason and the remedy. */
  onDisconnected?: (reason: string, remedy: string) => void;
  clock: Clock;
  logger: ClientLogger;
  /** A number in [0, 1) for the jitter of reconnecting. Default Math.random. */
  random?: () => number;
  /**
   * Resolves when the client may try again; `attempt` is 0 when an outage begins, `signal` aborts when
   * the client stops. Must not reject. Default: after a wait with full jitter that grows to 10 s.
   */
  reconnect?: (attempt: number, signal: AbortSignal) => Promise<void>;
}

export type ReconnectingClientOptions = ClientOptions & (TakesMessages | TakesBatches);

/** A connection to a broker that is opened again whenever it is lost. */
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
   * Subscribes to something else from now on, in the live session and in later ones. A live session loses
   * the former subscriptions that are no longer wanted. Resolves when the broker has answered, at once if
   * there is no connection.
   *
   * @throws when the broker refuses, or the connection ends before it has answered.
   */
  setSubscriptions(subscriptions: Subscriptions): Promise<void>;
}

const TIMEOUTS = { connectMs: 10_000, disconnectMs: 1_000 };
/** A connection that lasted for so long ends an outage; one that is lost sooner is part of it. */
const STEADY_AFTER_MS = 10_000;
/** How often a client asks again for filters that were refused. */
const ASK_AGAIN_MS = 60_000;
const CLEAN: Session = { kind: "clean" };

const ONLINE = "online";
const OFFLINE = "offline";
const AVAILABILITY_OPTIONS = { qos: 1, retain: true } as const satisfies PublishOptions;

export function createReconnectingClient(options: ReconnectingClientOptions): ReconnectingClient {
  // It would keep a buffer of each of 65,536 numbers: 8 MB in every process.
  writeToStream.cacheNumbers = false;
  const { clock, logger, broker, clientId, session } = options;
  const { availability, random = Math.random } = options;
  const { reconnect = withJitter } = options;
  const shownUrl = withoutPassword(broker.url);
  const takeovers = new Takeovers(clientId, options.clientIdSetting ?? null);
  const sync = new SubscriptionSync({
    clientId,
    subscriptions: options.subscriptions ?? [],
    memory: options.sessionMemory,
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
    will:
      availability === undefined
        ? null
        : { topic: availability.topic, payload: OFFLINE, ...AVAILABILITY_OPTIONS },
    receiver: refusingStrange(receiverOf(options), sync),
    onOpened: (opened) => {
      sync.opened(opened);
      if (!sync.isStartingClean) options.onOpened?.(opened);
    },
    timeouts: TIMEOUTS,
    clock,
    // A clean session ends with its connection, and nothing comes again.
    missing: session.kind === "clean" ? undefined : createMissing(),
  };
  const openConnection = openerFor(options.transport ?? "mqttjs", broker);

  const stopping = new AbortController();
  const { signal } = stopping;
  let life: Promise<void> | null = null;
  let connection: Connection | null = null;
  /** The connection ends because the next one brings what is missing. */
  let isReopening = false;
  /** The reason that was logged last; `null` while connected and at first. */
  let outage: string | null = null;
  /** What the broker does not grant of the connection and of the subscriptions, and what of it was logged. */
  let connectionShort: Shortfall[] = [];
  let subscriptionsShort: Shortfall[] = [];
  let logged = new Set<string>();

  async function live(): Promise<void> {
    using _certificates = watchCertificates(broker, { clock, logger });
    let attempt = 0;
    while (!signal.aborted) {
      const opened = await open();
      if (opened !== null && (await hold(opened)) >= STEADY_AFTER_MS) attempt = 0;
      if (isReopening) isReopening = false;
      else {
        await untilNext(attempt);
        attempt += 1;
      }
    }
  }

  function createMissing(): MissingPackets {
    return new MissingPackets({ clock, reopen, onSettled: reportSettled });
  }

  function reopen(): boolean {
    if (connection === null || signal.aborted) return false;
    isReopening = true;
    const details = { broker: shownUrl };
    logger.info(details, "the broker may have left out messages: connecting again brings them");
    // It never rejects.
    void connection[Symbol.asyncDispose]();
    return true;
  }

  function reportSettled({ again, lost }: Settled): void {
    const details = { broker: shownUrl, again, lost };
    if (lost === 0) {
      logger.info(details, `${again} messages that the broker had left out have come again`);
      return;
    }
    options.onLost?.(lost);
    logger.warn(
      details,
      `the broker has dropped ${lost} messages for this client: its queue was full, or they had expired. Raise max_queued_messages there.`,
    );
  }

  /** Connects and subscribes; `null` when that failed. */
  async function open(): Promise<Connection | null> {
    try {
      await using opening = new AsyncDisposableStack();
      const opened = opening.use(
        await sync.connect((kind) => {
          const asked =
            kind === "clean" ? { ...connectionOptions, session: CLEAN } : connectionOptions;
          return negotiateConnection(openConnection, asked, signal);
        }),
      );
      await publishAvailability(opened, ONLINE);
      signal.throwIfAborted();
      opening.move();
      return opened;
    } catch (error) {
      connectionOptions.missing?.closed();
      sync.disconnected();
      if (takeovers.failed(error)) options.onTakeover?.();
      reportOutage(error);
      return null;
    }
  }

  async function publishAvailability(opened: Connection, state: string): Promise<void> {
    if (availability === undefined) return;
    await opened.publish(availability.topic, state, AVAILABILITY_OPTIONS);
  }

  /** DISCONNECT makes the broker drop the will, so the client itself publishes what it would say. */
  async function publishOffline(): Promise<void> {
    if (connection === null) return;
    const published = publishAvailability(connection, OFFLINE).catch(() => {
      // The connection has ended by itself, and so the broker publishes the will.
    });
    await Promise.race([published, pause(clock, TIMEOUTS.disconnectMs, signal)]);
  }

  /** Uses the connection until it ends; returns how long that was, in milliseconds. */
  async function hold(opened: Connection): Promise<number> {
    // Closed also when a callback throws.
    await using _opened = opened;
    const sinceMs = clock.monotonic();
    const { protocolVersion, sessionPresent, grants } = opened;
    logger.info({ broker: shownUrl, protocolVersion, sessionPresent }, "connected to the broker");
    connection = opened;
    outage = null;
    const expirySeconds = session.kind === "persistent" ? session.expirySeconds : 0;
    connectionShort = connectionShortfalls(grants, protocolVersion, expirySeconds);
    reportShortfalls();
    options.onConnected?.({ protocolVersion });

    using _askingAgain = clock.repeat(ASK_AGAIN_MS, () => {
      takeovers.lasts(clock.monotonic() - sinceMs);
      retryRefused();
    });
    const reason = await opened.closed;
    const heldMs = clock.monotonic() - sinceMs;
    connection = null;
    connectionOptions.missing?.closed();
    sync.disconnected();
    if (isReopening) return heldMs;
    if (!signal.aborted && takeovers.ended(reason, heldMs)) options.onTakeover?.();
    reportOutage(reason);
    return heldMs;
  }

  function retryRefused(): void {
    sync
      .retryRefused()
      .then(reportShortfalls, (error: unknown) =>
        logger.debug({ err: error }, "the broker has not answered for the filters that it refused"),
      );
  }

  /** Logs each shortfall once, however often the client connects. */
  function reportShortfalls(): void {
    const short = [...connectionShort, ...subscriptionsShort];
    for (const { kind, reason } of short) {
      if (!logged.has(reason)) logger.warn({ broker: shownUrl, shortfall: kind }, reason);
    }
    if (short.length === 0 && logged.size > 0) {
      logger.info({ broker: shownUrl }, "the broker grants everything again");
    }
    logged = new Set(short.map(({ reason }) => reason));
    options.onShortfalls?.([...short, ...takeovers.shortfalls()]);
  }

  function reportOutage(error: unknown): void {
    if (signal.aborted) return;
    const { reason, remedy }: Outage = takeovers.outage() ?? describeOutage(error);
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

  function withJitter(attempt: number): Promise<void> {
    return pause(clock, backoffMs(RECONNECT_BACKOFF, attempt, random()), signal);
  }

  /** Waits as `reconnect` says, but not longer than the client lives. */
  async function untilNext(attempt: number): Promise<void> {
    const stopped = Promise.withResolvers<void>();
    using _aborting = addAbortListener(signal, () => stopped.resolve());
    const longerMs = takeovers.takeWaitMs(random());
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
      await publishOffline();
      stopping.abort();
      await life;
    },
  };
}

/** Takes nothing of a session that is about to be dropped, and acknowledges nothing of it. */
function refusingStrange(
  receiver: Receiver,
  session: { readonly isStartingClean: boolean },
): Receiver {
  return {
    ...receiver,
    onBatch: (messages, released) => {
      if (session.isStartingClean) throw new Error("the session is about to be dropped");
      receiver.onBatch(messages, released);
    },
    onFault: (fault) => {
      if (!session.isStartingClean) receiver.onFault(fault);
    },
  };
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return shown.href;
}
