import type { Clock } from "@weir/runtime";
import { type BrokenPackets, createBrokenPackets, isTopicName } from "../packets/errors.ts";
import type { Will } from "../reconnecting-client.ts";
import type { Answered, Grants } from "../shortfalls.ts";

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

/** A message as it came from the broker. */
export interface InboundMessage {
  topic: string;
  payload: Buffer;
  qos: 0 | 1 | 2;
  /**
   * The broker kept it and sent it because of the subscription [MQTT-3.3.1-8]; with `retainAsPublished`
   * also: it was published so that the broker keeps it.
   */
  retained: boolean;
  /**
   * Where its publisher awaits an answer, if it does. Only MQTT 5 brokers tell it [MQTT-3.3.2-15]. One
   * that is no topic is left out [MQTT-3.3.2-14]; any other is the publisher's word alone: see whether
   * an answer may go there.
   */
  responseTopic?: string;
  /** What an answer is to bring back, if its publisher said so. Only MQTT 5 brokers tell it [MQTT-3.3.2-16]. */
  correlationData?: Buffer;
  /** What the standard forbids in its packet; most have nothing of the kind. */
  flaw?: Flaw;
}

/**
 * - `topic`: it is empty, not UTF-8, or has `+`, `#` or NUL in it. The message has it escaped, as
 *   `escapeTopic` does.
 * - `packet`: its packet id is 0, or its properties break a rule. Where their length is wrong, the
 *   payload begins with them.
 */
export type Flaw = "topic" | "packet";

/** A message of a batch. Its bytes are valid only until `onBatch` returns: copy what you keep. */
export interface ReceivedMessage extends InboundMessage {
  /** The identifiers of the subscriptions that it came for; MQTT 5 brokers tell them [MQTT-3.3.4-3]. */
  subscriptions: readonly number[];
  /** Of QoS 2, unless it is 0: it comes again, with the same id, until that is released. */
  packetId?: number;
}

/** A message that was not handed on. */
export interface DroppedMessage {
  /**
   * `too large`: larger than a link takes; it was acknowledged. `unreadable`: the lengths in it contradict
   * each other; it has ended a connection, and came again.
   */
  reason: "too large" | "unreadable";
  /** As far as it could be read. */
  topic: string;
  /** The length of its packet, in bytes. */
  bytes: number;
}

/** How to send a message. */
export interface PublishOptions {
  qos: 0 | 1;
  retain?: boolean;
  /** After how many seconds the broker may forget it. Only MQTT 5 brokers do. */
  expirySeconds?: number;
  /** Where an answer is awaited. Only MQTT 5 brokers hand it on. */
  responseTopic?: string;
  /** What belongs to a request, or comes back with its answer. Only MQTT 5 brokers hand it on. */
  correlationData?: Buffer;
}

/** What to receive, at most how often. */
export interface Subscription {
  filter: string;
  qos: 0 | 1;
  /** Comes back with each message of this subscription: 1 to 268,435,455. MQTT 5 only; left out for others. */
  identifier?: number;
  /**
   * Messages come with the retain flag that they were published with, also those that come live
   * [MQTT-3.3.1-12]. MQTT 5 only; elsewhere the broker clears it. Default false.
   */
  retainAsPublished?: boolean;
  /**
   * A higher one than the session has asks the broker again for what it keeps. Without one, MQTT 5
   * brokers send that once in the life of a session.
   */
  generation?: number;
}

/** The session at the broker: thrown away at the end of the connection, or kept for a while. */
export type Session = { kind: "clean" } | { kind: "persistent"; expirySeconds: number };

/** When a batch is full, and how long its first message may wait for company. */
export interface BatchLimits {
  rowsMax: number;
  /** Of payloads. */
  bytesMax: number;
  /** 0: messages wait for nobody. */
  delayMs: number;
}

/** Who takes the messages of a connection. */
export interface Receiver {
  /**
   * Takes a batch. All of it is acknowledged when this returns, and nothing when it throws. A message
   * of QoS 2 whose packet id is open has been taken before.
   *
   * @param released packet ids of QoS 2 that are open no more. What the batch brings came after that.
   */
  onBatch: (messages: readonly ReceivedMessage[], released: readonly number[]) => void;
  /** Called before the first message of a session that is new: no packet id is open in it. */
  onNewSession: () => void;
  brokenPackets: BrokenPackets;
  batch: BatchLimits;
  /** Into how many transactions the newest batch went. Where each has little, more is gathered. */
  commits: () => number;
  /** Gets what `onBatch` threw, once the connection is ending because of it. */
  onFault: (fault: unknown) => void;
  /** Called for each message that is not handed on. */
  onDropped: (dropped: DroppedMessage) => void;
}

/** As much as one transaction takes well, and less than a user notices. */
export const BATCH_LIMITS: BatchLimits = { rowsMax: 5_000, bytesMax: 8 * 1_048_576, delayMs: 50 };

const ONE_BY_ONE: BatchLimits = { rowsMax: 1, bytesMax: 1, delayMs: 0 };

/** Hands each message on by itself, with bytes that may be kept; of QoS 2 once, while this process lives. */
export function receiverOf(onMessage: (message: InboundMessage) => void): Receiver {
  const open = new Set<number>();
  return {
    onBatch: (messages, released) => {
      for (const packetId of released) open.delete(packetId);
      for (const received of messages) {
        const { subscriptions: _, packetId, payload, correlationData, ...message } = received;
        if (packetId !== undefined) {
          if (open.has(packetId)) continue;
          open.add(packetId);
        }
        onMessage({
          ...message,
          payload: Buffer.from(payload),
          ...(correlationData && { correlationData: Buffer.from(correlationData) }),
        });
      }
    },
    onNewSession: () => open.clear(),
    batch: ONE_BY_ONE,
    commits: () => 1,
    onFault: (fault) => {
      throw fault;
    },
    onDropped: () => {},
    brokenPackets: createBrokenPackets(),
  };
}

/** The part of a message's properties that makes it a request [MQTT-4.10]. */
export type Request = Pick<InboundMessage & PublishOptions, "responseTopic" | "correlationData">;

/** What a message that came has of it, with a topic that can be published on. */
export function request(properties: Request = {}): Request {
  const { responseTopic, correlationData } = properties;
  return {
    ...(responseTopic !== undefined && isTopicName(responseTopic) && { responseTopic }),
    ...(correlationData !== undefined && { correlationData }),
  };
}

/** User name and password, those of the URL where there are no others. */
export function credentialsOf({
  url,
  username,
  password,
}: Pick<Broker, "url" | "username" | "password">): { username?: string; password?: string } {
  const inUrl = new URL(url);
  const name = username ?? decodeURIComponent(inUrl.username);
  const secret = password ?? decodeURIComponent(inUrl.password);
  return {
    ...(name !== "" && { username: name }),
    ...(secret !== "" && { password: secret }),
  };
}
