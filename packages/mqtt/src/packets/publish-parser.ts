import { byteAt, uint16At } from "./bytes.ts";
import { Violation } from "./errors.ts";
import type { Flaw, ProtocolVersion, ReceivedMessage } from "./message.ts";
import { NO_REQUEST, NO_SUBSCRIPTIONS, PublishProperties } from "./publish-properties.ts";
import { escapeTopic, TopicCache } from "./topic.ts";

/** How much of a topic an error shows. */
const SHOWN_BYTES_MAX = 100;

/**
 * Parses PUBLISH packets. A packet whose lengths are right is a message, whatever other rule it breaks.
 * `flags` are those of a packet's first byte; the packet lies from `start`, behind its fixed header, to
 * `end`.
 */
export class PublishParser {
  /** The packet id of the packet that was parsed last; 0 for none. */
  packetId = 0;
  /** The topic of the packet that was parsed last. */
  topic = "";

  readonly #topics = new TopicCache();
  readonly #properties = new PublishProperties();
  readonly #hasProperties: boolean;
  #headEnd = 0;
  #flaw: Flaw | null = null;

  constructor(protocolVersion: ProtocolVersion) {
    this.#hasProperties = protocolVersion === 5;
  }

  /** @throws Violation when the lengths contradict each other, or the packet is of QoS 3. */
  parse(flags: number, bytes: Buffer, start: number, end: number): ReceivedMessage {
    if (!this.parseHead(flags, bytes, start, end)) {
      throw malformed("that ends too early", bytes, start, end);
    }
    let at = this.#headEnd;
    let subscriptions = NO_SUBSCRIPTIONS;
    let request = NO_REQUEST;
    if (this.#hasProperties) {
      if (at < end && byteAt(bytes, at) === 0) at += 1;
      else {
        at = this.#properties.read(bytes, at, end);
        ({ subscriptions, request } = this.#properties);
        if (this.#properties.isFlawed) this.#flaw ??= "packet";
      }
    }
    const message: ReceivedMessage = {
      topic: this.topic,
      payload: bytes.subarray(at, end),
      // `parseHead` refuses QoS 3.
      qos: ((flags >> 1) & 3) as 0 | 1 | 2,
      retained: (flags & 1) === 1,
      subscriptions,
    };
    if (request === NO_REQUEST && this.#flaw === null && message.qos < 2) return message;
    return {
      ...message,
      ...request,
      ...(this.#flaw !== null && { flaw: this.#flaw }),
      ...(message.qos === 2 && this.packetId !== 0 && { packetId: this.packetId }),
    };
  }

  /**
   * Parses topic and packet id of a packet that may go on behind `end`; false if they are not there yet.
   *
   * @throws Violation when the packet is of QoS 3.
   */
  parseHead(flags: number, bytes: Buffer, start: number, end: number): boolean {
    const qos = (flags >> 1) & 3;
    // [MQTT-3.3.1-4]. Whether it has a packet id is not defined.
    if (qos === 3) throw malformed("of QoS 3", bytes, start, end);
    if (start + 2 > end) return false;
    const topicEnd = start + 2 + uint16At(bytes, start);
    this.#headEnd = topicEnd + (qos === 0 ? 0 : 2);
    if (this.#headEnd > end) return false;
    this.#flaw = null;
    let topic = this.#topics.textOf(bytes, start + 2, topicEnd);
    if (topic === null) {
      topic = escapeTopic(bytes.subarray(start + 2, topicEnd));
      this.#flaw = "topic";
    }
    const packetId = qos === 0 ? 0 : uint16At(bytes, topicEnd);
    // [MQTT-2.2.1-3]. It cannot be acknowledged.
    if (packetId === 0 && qos > 0) this.#flaw ??= "packet";
    this.packetId = packetId;
    this.topic = topic;
    return true;
  }
}

/** The topic of a malformed packet, escaped, as far as it can be read. */
export function readableTopic(bytes: Buffer, start: number, end: number): string {
  if (start + 2 >= end) return "";
  const topicEnd = start + 2 + uint16At(bytes, start);
  const readEnd = Math.min(topicEnd, end, start + 2 + SHOWN_BYTES_MAX);
  return escapeTopic(bytes.subarray(start + 2, readEnd));
}

function malformed(words: string, bytes: Buffer, start: number, end: number): Violation {
  const topic = JSON.stringify(readableTopic(bytes, start, end));
  const where = `${end - start} bytes behind its header, topic ${topic}`;
  return new Violation("malformed", `a PUBLISH ${words} (${where})`);
}
