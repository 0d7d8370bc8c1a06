import type { Clock } from "@weir/clock";
import type { Will } from "./availability.ts";
import type { Answered, Grants } from "./grants.ts";
import type { PublishOptions, Session, Subscription } from "./message.ts";
import type { Receiver } from "./receiver.ts";

/** 5 is MQTT 5, 4 is MQTT 3.1.1, as CONNECT counts them. */
export type ProtocolVersion = 5 | 4;

/** What TLS needs beside a URL that asks for it; all in PEM. */
export interface Tls {
  /** The authorities that are trusted, and no others; `null` for those that Node.js trusts. */
  ca: string | null;
  /** Who this client is, for brokers that ask; only together with its key. */
  certificate: string | null;
  key: string | null;
}

/** Where a broker is, and as whom to come there. */
export interface Broker {
  url: string;
  /** `null` for that of the URL, if it has one. */
  username: string | null;
  /** `null` for that of the URL, if it has one. */
  password: string | null;
  /** Only with mqtts:// and wss://. */
  tls?: Tls;
}

export interface ConnectionOptions extends Broker {
  clientId: string;
  session: Session;
  /** What the broker publishes when this connection ends without a goodbye; `null` for nothing. */
  will: Will | null;
  receiver: Receiver;
  /** Called when CONNACK has come, before the first message is handed on. */
  onOpened?: (opened: Opened) => void;
  /** How long the broker may take for its CONNACK, and for the end of a connection. */
  timeouts: { connectMs: number; goodbyeMs: number };
  clock: Clock;
}

export type Publish = (
  topic: string,
  payload: string | Buffer,
  options: PublishOptions,
) => Promise<void>;

/** What CONNACK says. */
export interface Opened {
  protocolVersion: ProtocolVersion;
  /** The broker kept the session of this client id. */
  sessionPresent: boolean;
  grants: Grants;
}

/** How to subscribe: with what the broker keeps, or only if the session does not have the filter yet. */
export interface SubscribeRequest extends Subscription {
  /** MQTT 5 only: the broker sends what it keeps even if the session has the filter [MQTT-3.8.4]. */
  withRetained: boolean;
}

/** One network connection to a broker, from CONNACK to its end. It does not come back. */
export interface Connection extends Opened, AsyncDisposable {
  /** Resolves with the reason when the connection has ended. Never rejects. */
  closed: Promise<Error>;
  /** Resolves when the broker has the message (QoS 1: PUBACK). Rejects when the connection ends before. */
  publish: Publish;
  /**
   * Resolves when the broker has answered for all of them.
   *
   * @param onAnswer called with each answer, before a message that comes behind it is handed on.
   * @throws when the connection ends before, or an answer does not fit.
   */
  subscribe(
    subscriptions: readonly SubscribeRequest[],
    onAnswer: (answer: Answered) => void,
  ): Promise<void>;
  /** @throws when the broker refuses. */
  unsubscribe(filters: readonly string[]): Promise<void>;
}

/**
 * Opens one connection, in one version.
 *
 * @param signal ends it: at once while it opens, with a goodbye later.
 * @throws what the broker or the network said. Its socket is closed by then.
 */
export type OpenConnection = (
  options: ConnectionOptions,
  protocolVersion: ProtocolVersion,
  signal: AbortSignal,
) => Promise<Connection>;

export const KEEPALIVE_SECONDS = 20;
/** How many QoS 1 messages the broker may have under way to us. Told to MQTT 5 brokers. */
export const RECEIVE_MAXIMUM = 65_535;
/**
 * The largest packet that is taken, in bytes. What is larger is acknowledged, dropped and reported, as
 * far as it comes: brokers are not told this limit, or they would drop such messages without a word.
 */
export const PACKET_BYTES_MAX = 1_048_576;
