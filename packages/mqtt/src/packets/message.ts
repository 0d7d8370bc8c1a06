import { isTopicName } from "./topic.ts";

/** 5 is MQTT 5, 4 is MQTT 3.1.1: the numbers that CONNECT uses. */
export type ProtocolVersion = 5 | 4;

/**
 * The largest packet that is taken, in bytes. A larger message is acknowledged, dropped and reported.
 * CONNECT does not announce this limit: the broker would drop such messages without a report.
 */
export const PACKET_BYTES_MAX = 1_048_576;

/** A message as the broker sent it. */
export interface InboundMessage {
  topic: string;
  payload: Buffer;
  qos: 0 | 1 | 2;
  /**
   * The broker kept the message and sent it because of the subscription [MQTT-3.3.1-8]. With
   * `retainAsPublished` also: the message was published so that the broker keeps it.
   */
  retained: boolean;
  /**
   * Where the publisher expects a response; MQTT 5 only [MQTT-3.3.2-15]. An invalid topic is left out
   * [MQTT-3.3.2-14]. Any client can name any topic: check whether a response may go there.
   */
  responseTopic?: string;
  /** What a response must bring back; MQTT 5 only [MQTT-3.3.2-16]. */
  correlationData?: Buffer;
  /** The rule that the packet breaks; most break none. */
  flaw?: Flaw;
}

/**
 * - `topic`: it is empty, not UTF-8, or contains `+`, `#` or NUL. The message has it in the form that
 *   `escapeTopic` returns.
 * - `packet`: its packet id is 0, or its properties break a rule. Where their length is wrong, the
 *   payload begins with them.
 */
export type Flaw = "topic" | "packet";

/** A message of a batch. Its bytes are valid only until `onBatch` returns: copy what you keep. */
export interface ReceivedMessage extends InboundMessage {
  /** The identifiers of the subscriptions that the message matches; MQTT 5 only [MQTT-3.3.4-3]. */
  subscriptions: readonly number[];
  /** Only for QoS 2, unless it is 0: the message may come again with this id until the id is released. */
  packetId?: number;
}

/** A message that was dropped. */
export interface DroppedMessage {
  /**
   * `too large`: larger than 1 MiB; it was acknowledged. `unreadable`: the lengths in it contradict each
   * other; it ended one connection and came again on the next.
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
  /** After how many seconds the broker may drop it. MQTT 5 only. */
  expirySeconds?: number;
  /** Where a response is expected. MQTT 5 only. */
  responseTopic?: string;
  /** Identifies a request; a response brings it back. MQTT 5 only. */
  correlationData?: Buffer;
}

/** The properties that make a message a request [MQTT-4.10]. */
export type Request = Pick<InboundMessage & PublishOptions, "responseTopic" | "correlationData">;

/** The request in a message's properties; a response topic that is no valid topic is left out. */
export function request({ responseTopic, correlationData }: Request = {}): Request {
  return {
    ...(responseTopic !== undefined && isTopicName(responseTopic) && { responseTopic }),
    ...(correlationData !== undefined && { correlationData }),
  };
}
