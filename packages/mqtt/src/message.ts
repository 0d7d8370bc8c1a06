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
