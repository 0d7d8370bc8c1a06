import type { Clock } from "@weir/runtime";
import type { IConnackPacket } from "mqtt-packet";
import type {
  DroppedMessage,
  ProtocolVersion,
  PublishOptions,
  ReceivedMessage,
} from "../packets/message.ts";
import type { BrokenPackets } from "../packets/packet-parser.ts";
import type { MissingPackets } from "./missing-packets.ts";

/** Where a broker is, and with which credentials to connect. */
export interface Broker {
  url: string;
  /** `null` for that of the URL, if it has one. */
  username: string | null;
  /** `null` for that of the URL, if it has one. */
  password: string | null;
  /** Only with mqtts:// and wss://. */
  tls?: {
    /** The only trusted authorities, in PEM; `null` for those that Node.js trusts. */
    ca: string | null;
    /** The client's certificate, in PEM; only together with its key. */
    certificate: string | null;
    key: string | null;
  };
}

/** The session at the broker: dropped at the end of the connection, or kept for a while. */
export type Session = { kind: "clean" } | { kind: "persistent"; expirySeconds: number };

/** What the broker publishes when a connection ends without DISCONNECT [MQTT-3.1.2-8]. */
export interface Will {
  topic: string;
  payload: string;
  qos: 0 | 1;
  retain: boolean;
}

/** What to receive, and with which QoS at most. */
export interface Subscription {
  filter: string;
  qos: 0 | 1;
  /** Comes back with each message of this subscription: 1 to 268,435,455. MQTT 5 only; left out for others. */
  identifier?: number;
  /**
   * Messages keep the retain flag that they were published with, live ones included [MQTT-3.3.1-12].
   * MQTT 5 only; in MQTT 3.1.1 the broker clears the flag. Default false.
   */
  retainAsPublished?: boolean;
  /**
   * A higher number than the session has asks the broker again for its retained messages. Without a
   * number, MQTT 5 brokers send them once in the life of a session.
   */
  generation?: number;
}

/** A subscription to ask the broker for. */
export interface SubscribeRequest extends Subscription {
  /** MQTT 5 only: the broker sends its retained messages even if the session has the filter [MQTT-3.8.4]. */
  withRetained: boolean;
}

/** The broker's answer to one subscription. */
export interface Answered {
  subscription: Subscription;
  /** The granted QoS; from 0x80 on the reason of the refusal. */
  code: number;
}

/** When a batch is full, and how long its first message may wait for more. */
export interface BatchLimits {
  rowsMax: number;
  /** Of payloads. */
  bytesMax: number;
  /** 0: a batch has what one read brought. */
  delayMs: number;
}

/** Takes the messages of a connection. */
export interface Receiver {
  /**
   * Takes a batch. All of it is acknowledged when this returns. When it throws, nothing is, and the
   * connection ends. A message of QoS 2 whose packet id is still open was taken before.
   *
   * @param released packet ids of QoS 2 that are no longer open; it counts before the messages.
   */
  onBatch: (messages: readonly ReceivedMessage[], released: readonly number[]) => void;
  /** Called before the first message of a new session: no packet id is open in it. */
  onNewSession: () => void;
  brokenPackets: BrokenPackets;
  batch: BatchLimits;
  /** How many transactions the newest batch took: the more there were, the larger the next one is. */
  commits: () => number;
  /** Called with what `onBatch` threw, once the connection is ending because of it. */
  onFault: (fault: unknown) => void;
  onDropped: (dropped: DroppedMessage) => void;
}

export interface ConnectionOptions extends Broker {
  clientId: string;
  session: Session;
  will: Will | null;
  receiver: Receiver;
  /** Called on a successful CONNACK, before the first message is handed on. */
  onOpened: (opened: Opened) => void;
  /** Notices what the broker leaves out, over all connections of a session that it keeps. */
  missing?: MissingPackets | undefined;
  /** How long to wait for CONNACK, and for the end of a connection. */
  timeouts: { connectMs: number; disconnectMs: number };
  clock: Clock;
}

/** One network connection to a broker, from CONNACK to its end. It does not reconnect. */
export interface Connection extends Opened, AsyncDisposable {
  /** Resolves with the reason when the connection has ended. Never rejects. */
  closed: Promise<Error>;
  /** Resolves when the broker has the message (QoS 1: PUBACK). Rejects when the connection ends before. */
  publish(topic: string, payload: string | Buffer, options: PublishOptions): Promise<void>;
  /**
   * Resolves when the broker has answered for all of them.
   *
   * @param onAnswer called with each answer, before a later message is handed on.
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
 * Opens one connection, with one protocol version.
 *
 * @param signal ends it: at once while it opens, with DISCONNECT later.
 * @throws the reason that the broker or the network gives. Its socket is closed by then.
 */
export type OpenConnection = (
  options: ConnectionOptions,
  protocolVersion: ProtocolVersion,
  signal: AbortSignal,
) => Promise<Connection>;

/** What CONNACK says. */
export interface Opened {
  protocolVersion: ProtocolVersion;
  /** The broker kept the session of this client id. */
  sessionPresent: boolean;
  grants: Grants;
}

/** What a broker allows. CONNACK of MQTT 3.1.1 does not say, so everything except identifiers counts as allowed. */
export interface Grants {
  /** Whether it keeps retained messages [MQTT-3.2.2-14]. */
  retain: boolean;
  /** The highest QoS that it takes [MQTT-3.2.2-11]. */
  qosMax: 0 | 1;
  /** The largest packet that it takes, in bytes [MQTT-3.2.2-15]. */
  packetBytesMax: number;
  /** How many QoS 1 messages may be without PUBACK [MQTT-3.2.2.3.3]. */
  receiveMaximum: number;
  /** How long it keeps the session, where that differs from the request [MQTT-3.2.2.3.2]. */
  sessionExpirySeconds: number | null;
  wildcards: boolean;
  sharedSubscriptions: boolean;
  /** Whether messages have the identifiers of the subscriptions that they match. */
  identifiers: boolean;
}

export const KEEPALIVE_SECONDS = 20;
/** How many QoS 1 messages may be without PUBACK, each way: as many as there are packet ids. */
export const RECEIVE_MAXIMUM = 65_535;

/** The return code or reason code of CONNACK; 0 is success. */
export function connackCode({ reasonCode, returnCode }: IConnackPacket): number {
  return reasonCode ?? returnCode ?? 0;
}

/** What a successful CONNACK says. */
export function openedBy(connack: IConnackPacket, protocolVersion: ProtocolVersion): Opened {
  const { sessionPresent, properties = {} } = connack;
  const grants: Grants = {
    retain: Boolean(properties.retainAvailable ?? true),
    qosMax: properties.maximumQoS === 0 ? 0 : 1,
    packetBytesMax: properties.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    receiveMaximum: properties.receiveMaximum ?? RECEIVE_MAXIMUM,
    sessionExpirySeconds: properties.sessionExpiryInterval ?? null,
    wildcards: Boolean(properties.wildcardSubscriptionAvailable ?? true),
    sharedSubscriptions: Boolean(properties.sharedSubscriptionAvailable ?? true),
    identifiers:
      protocolVersion === 5 && Boolean(properties.subscriptionIdentifiersAvailable ?? true),
  };
  return { protocolVersion, sessionPresent, grants };
}

/** The fields of CONNECT, by the names that MQTT.js and mqtt-packet have for them. */
export function connectFields(options: ConnectionOptions, protocolVersion: ProtocolVersion) {
  const { clientId, session, will } = options;
  const url = new URL(options.url);
  const username = options.username ?? decodeURIComponent(url.username);
  const password = options.password ?? decodeURIComponent(url.password);
  const properties = {
    sessionExpiryInterval: session.kind === "persistent" ? session.expirySeconds : 0,
    receiveMaximum: RECEIVE_MAXIMUM,
  };
  return {
    protocolVersion,
    clientId,
    clean: session.kind === "clean",
    keepalive: KEEPALIVE_SECONDS,
    ...(username !== "" && { username }),
    ...(password !== "" && { password }),
    ...(will !== null && { will: { ...will, payload: Buffer.from(will.payload) } }),
    ...(protocolVersion === 5 && { properties }),
  };
}
