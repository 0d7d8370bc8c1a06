import { isUtf8 } from "node:buffer";
import { byteAt, uint16At } from "./bytes.ts";
import { Violation } from "./errors.ts";
import {
  escapeTopic,
  type Flaw,
  isTopicName,
  type ProtocolVersion,
  type ReceivedMessage,
} from "./message.ts";
import { NO_REQUEST, NO_SUBSCRIPTIONS, PublishProperties } from "./publish-properties.ts";

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

interface Entry {
  bytes: Buffer;
  topic: string;
}

/** Sets of two entries each: nearly all of 1,000 topics that take turns are found. */
const SETS = 4_096;
/** Longer topics are decoded each time. */
const CACHED_BYTES_MAX = 128;

/**
 * The text of topics by their bytes. Decoding and checking a topic [MQTT-1.5.4-1] costs more than all
 * the rest of parsing, and a stream has few topics. Bounded: a new topic replaces the one in its set
 * that was found longest ago.
 */
export class TopicCache {
  readonly #newer: (Entry | undefined)[] = new Array(SETS).fill(undefined);
  readonly #older: (Entry | undefined)[] = new Array(SETS).fill(undefined);

  /** The topic from `start` to `end`; `null` when it is not valid. */
  textOf(bytes: Buffer, start: number, end: number): string | null {
    if (end - start > CACHED_BYTES_MAX) return decode(bytes, start, end);
    const set = hash(bytes, start, end) % SETS;
    const first = this.#newer[set];
    if (first !== undefined && isSame(first.bytes, bytes, start, end)) return first.topic;
    const second = this.#older[set];
    if (second !== undefined && isSame(second.bytes, bytes, start, end)) {
      return this.#remember(set, second);
    }
    const topic = decode(bytes, start, end);
    if (topic === null) return null;
    // A copy: the receive buffer is overwritten.
    return this.#remember(set, { bytes: Buffer.from(bytes.subarray(start, end)), topic });
  }

  #remember(set: number, entry: Entry): string {
    this.#older[set] = this.#newer[set];
    this.#newer[set] = entry;
    return entry.topic;
  }
}

function decode(bytes: Buffer, start: number, end: number): string | null {
  if (!isUtf8(bytes.subarray(start, end))) return null;
  const topic = bytes.toString("utf8", start, end);
  return isTopicName(topic) ? topic : null;
}

/** FNV-1a. */
function hash(bytes: Buffer, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let at = start; at < end; at += 1) {
    value = Math.imul(value ^ byteAt(bytes, at), 0x01000193);
  }
  return (value ^ (value >>> 15)) >>> 0;
}

// Four parameters: an object for each look-up would cost more than the look-up.
function isSame(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at += 1) {
    if (byteAt(known, at) !== byteAt(bytes, start + at)) return false;
  }
  return true;
}
