import { isUtf8 } from "node:buffer";

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

const WILDCARD_OR_NUL = /[+#\0]/;
/** The longest topic that MQTT can carry, in bytes [MQTT-1.5.4]. */
const TOPIC_BYTES_MAX = 65_535;
/** `+`, `#`, NUL and `%`. */
const ESCAPED: ReadonlySet<number> = new Set([0x2b, 0x23, 0x00, 0x25]);
const ESCAPE_BYTES = 3;
/** Stands for an empty topic, and ends a topic that was too long once escaped. */
const NOTHING_MORE = "%";

/** Whether a message may have this topic [MQTT-3.3.2-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2]. */
export function isTopicName(topic: string): boolean {
  return topic !== "" && !WILDCARD_OR_NUL.test(topic);
}

/**
 * Turns an invalid topic into a valid one: each byte that is not allowed, and `%`, becomes `%` and two
 * hexadecimal digits. The levels stay, and the bytes can be restored. A client may also publish on the
 * escaped topic itself; only the `flaw` of a message distinguishes the two.
 *
 * @param bytes empty, not UTF-8, or with `+`, `#` or NUL.
 */
export function escapeTopic(bytes: Buffer): string {
  let escaped = "";
  let bytesLeft = TOPIC_BYTES_MAX - NOTHING_MORE.length;
  for (let at = 0; at < bytes.length; ) {
    const length = characterBytes(bytes, at);
    const isKept = isUtf8(bytes.subarray(at, at + length)) && !ESCAPED.has(bytes.readUInt8(at));
    bytesLeft -= isKept ? length : ESCAPE_BYTES;
    if (bytesLeft < 0) return escaped + NOTHING_MORE;
    const text = bytes.toString(isKept ? "utf8" : "hex", at, at + length);
    escaped += isKept ? text : `%${text.toUpperCase()}`;
    at += length;
  }
  return escaped || NOTHING_MORE;
}

/** How many bytes the character at `at` has; 1 where no valid one begins. */
function characterBytes(bytes: Buffer, at: number): number {
  const lead = bytes.readUInt8(at);
  const length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return isUtf8(bytes.subarray(at, at + length)) ? length : 1;
}
