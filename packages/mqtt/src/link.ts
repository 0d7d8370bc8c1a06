import type { Clock } from "@weir/clock";
import { errorCode, errorMessage } from "@weir/fault";
import { backoffMs, RECONNECT_BACKOFF } from "./backoff.ts";
import {
  type Connection,
  type ConnectionOptions,
  openConnection,
  PROTOCOL_VERSIONS,
  type ProtocolVersion,
} from "./connection.ts";
import type { InboundMessage, PublishOptions, Session, Subscription } from "./message.ts";

/** The part of a log that a link writes to. */
export interface LinkLogger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  debug(details: object, message: string): void;
}

export interface LinkOptions {
  broker: { url: string; username: string | null; password: string | null };
  clientId: string;
  session: Session;
  subscriptions?: readonly Subscription[];
  /** Called for each message, also for those that come before `onConnected`. */
  onMessage?: (message: InboundMessage) => void;
  /** Who sends PUBACK: the link after `onMessage`, or `message.acknowledge()`. Default automatically. */
  acknowledge?: "automatically" | "manually";
  /** Connected and subscribed. */
  onConnected?: (connected: { protocolVersion: ProtocolVersion }) => void;
  /** Not connected any more, or not yet: called once per outage, with its reason. */
  onDisconnected?: (reason: string) => void;
  clock: Clock;
  logger: LinkLogger;
  /** A number in [0, 1) for the jitter of reconnecting. Default Math.random. */
  random?: () => number;
}

/** A connection to a broker that is made again whenever it is lost. */
export interface Link extends AsyncDisposable {
  /** Begins to connect. Nothing happens before. */
  start(): void;
  /**
   * Sends a message; resolves when the broker has it (QoS 1: PUBACK).
   *
   * @throws when there is no connection, or it ends before the broker has answered: whether the
   * message arrived is then unknown.
   */
  publish(topic: string, payload: string | Buffer, options: PublishOptions): Promise<void>;
}

const RECEIVE_MAXIMUM = 65_535;
const GOODBYE_TIMEOUT_MS = 1_000;
// CONNACK return code of MQTT 3.1.1 and reason code of MQTT 5 for "this version not" [MQTT-3.2.2-3].
const VERSION_REFUSED = new Set([1, 0x84]);

export function createLink(options: LinkOptions): Link {
  const { clock, logger, broker } = options;
  const random = options.random ?? Math.random;
  const shownUrl = withoutPassword(broker.url);
  const connectionOptions: ConnectionOptions = {
    ...broker,
    clientId: options.clientId,
    session: options.session,
    receiveMaximum: RECEIVE_MAXIMUM,
    acknowledge: options.acknowledge ?? "automatically",
    onMessage: options.onMessage ?? (() => {}),
  };

  const stopping = Promise.withResolvers<void>();
  let stopped = false;
  let connection: Connection | null = null;
  let life: Promise<void> = Promise.resolve();
  let outageReported = false;

  async function live(): Promise<void> {
    for (let attempt = 0; !stopped; attempt += 1) {
      try {
        const opened = await open();
        attempt = 0;
        const lost = await Promise.race([opened.closed, stopping.promise]);
        if (lost === undefined) await opened.close(GOODBYE_TIMEOUT_MS);
        else reportOutage(lost);
      } catch (error) {
        reportOutage(errorMessage(error) || (errorCode(error) ?? "no answer"));
      }
      connection = null;
      if (!stopped) await pause(backoffMs(RECONNECT_BACKOFF, attempt, random()));
    }
  }

  async function open(): Promise<Connection> {
    const opened = await negotiate();
    if (stopped) return opened;
    const subscriptions = options.subscriptions ?? [];
    try {
      if (subscriptions.length > 0) await opened.subscribe(subscriptions);
    } catch (error) {
      await opened.close(GOODBYE_TIMEOUT_MS);
      throw error;
    }
    connection = opened;
    outageReported = false;
    const { protocolVersion, sessionPresent } = opened;
    logger.info({ broker: shownUrl, protocolVersion, sessionPresent }, "connected to the broker");
    options.onConnected?.({ protocolVersion });
    return opened;
  }

  /** MQTT 5 first, 3.1.1 at once when the broker refuses that; asked anew each time, for brokers get updated. */
  async function negotiate(): Promise<Connection> {
    const [preferred, fallback] = PROTOCOL_VERSIONS;
    try {
      return await openConnection(connectionOptions, preferred);
    } catch (error) {
      if (!refusesVersion(error)) throw error;
      return await openConnection(connectionOptions, fallback);
    }
  }

  function reportOutage(reason: string): void {
    if (stopped) return;
    if (outageReported) {
      logger.debug({ broker: shownUrl, reason }, "still no broker");
      return;
    }
    outageReported = true;
    logger.warn(
      { broker: shownUrl, reason },
      `no connection to the broker at ${shownUrl} (${reason}); trying until there is one. Is it running, and is BROKER right?`,
    );
    options.onDisconnected?.(reason);
  }

  async function pause(delayMs: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    using _timer = clock.schedule(delayMs, () => over.resolve());
    await Promise.race([over.promise, stopping.promise]);
  }

  return {
    start: () => {
      life = live();
    },
    publish: async (topic, payload, publishOptions) => {
      if (connection === null) throw new Error("there is no connection to the broker");
      await connection.publish(topic, payload, publishOptions);
    },
    [Symbol.asyncDispose]: async () => {
      stopped = true;
      stopping.resolve();
      await life;
    },
  };
}

/** A broker that knows no MQTT 5 says so, or answers in a way that MQTT 5 has no words for. */
function refusesVersion(error: unknown): boolean {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : null;
  if (typeof code === "number") return VERSION_REFUSED.has(code);
  return code === null;
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return shown.href;
}
