import { isUtf8 } from "node:buffer";
import { Violation } from "./errors.ts";
import {
  escapeTopic,
  type Flaw,
  isTopicName,
  type ProtocolVersion,
  type ReceivedMessage,
  type Request,
  request,
} from "./message.ts";

const NO_SUBSCRIPTIONS: readonly number[] = Object.freeze([]);
/** Of nearly all messages. */
const NO_REQUEST: Request = Object.freeze({});

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

const RESPONSE_TOPIC = 0x08;
const CORRELATION_DATA = 0x09;
const SUBSCRIPTION_IDENTIFIER = 0x0b;
const USER_PROPERTY = 0x26;

// What follows a property's identifier [MQTT-3.3.2.3]: a number of bytes, or strings. A topic alias
// (0x23) is missing: this client allows none, and a message with a topic needs none.
const FIXED_BYTES = new Map([
  [0x01, 1], // payload format indicator
  [0x02, 4], // message expiry interval
]);
const STRINGS = new Map([
  [0x03, 1], // content type
  [RESPONSE_TOPIC, 1],
  [CORRELATION_DATA, 1],
  [USER_PROPERTY, 2], // name and value
]);

/** Ends the reading of properties. */
const FLAWED = new Error("flawed properties");

/** Messages with one identifier, as nearly all, share one list as long as no other takes its place. */
const LISTS_MAX = 1_024;

/** Reads the properties of PUBLISH packets, one packet after the other. */
class PublishProperties {
  /** The subscription identifiers in the properties that were read last. */
  subscriptions: readonly number[] = NO_SUBSCRIPTIONS;
  /** The request in them; its bytes are those that were read. */
  request: Request = NO_REQUEST;
  /** MQTT 5 does not allow them. What was read before the flaw counts. */
  isFlawed = false;

  readonly #lists: (readonly number[] | undefined)[] = new Array(LISTS_MAX).fill(undefined);
  /** A bit for each property that may occur only once. */
  #seen = 0;

  /**
   * Reads properties that begin at `start`, in a packet that ends at `end`.
   *
   * @returns where the payload begins: at `start` where the length of the properties is wrong.
   */
  read(bytes: Buffer, start: number, end: number): number {
    this.subscriptions = NO_SUBSCRIPTIONS;
    this.request = NO_REQUEST;
    this.isFlawed = false;
    this.#seen = 0;
    let payload = start;
    try {
      const length = integerAt(bytes, start, end);
      let at = varIntEnd(bytes, start);
      payload = within(at + length, end);
      while (at < payload) at = this.#readOne(bytes, at, payload);
    } catch (error) {
      if (error !== FLAWED && !(error instanceof Violation)) throw error;
      this.isFlawed = true;
    }
    return payload;
  }

  /** Reads one property; returns where it ends. */
  #readOne(bytes: Buffer, at: number, limit: number): number {
    // All known identifiers have one byte [MQTT-2.2.2.2].
    const identifier = byteAt(bytes, at);
    const start = at + 1;
    if (identifier === SUBSCRIPTION_IDENTIFIER) {
      this.#addSubscription(integerAt(bytes, start, limit));
      return varIntEnd(bytes, start);
    }
    const fixedBytes = FIXED_BYTES.get(identifier);
    const strings = STRINGS.get(identifier);
    if (identifier !== USER_PROPERTY) this.#noteOnce(identifier);
    if (fixedBytes !== undefined) return within(start + fixedBytes, limit);
    if (strings === undefined) throw FLAWED;
    let end = start;
    for (let n = 0; n < strings; n += 1) {
      within(end + 2, limit);
      end = within(end + 2 + uint16At(bytes, end), limit);
    }
    if (identifier === RESPONSE_TOPIC || identifier === CORRELATION_DATA) {
      this.#addToRequest(identifier, bytes.subarray(start + 2, end));
    }
    return end;
  }

  #addToRequest(identifier: number, content: Buffer): void {
    if (identifier === CORRELATION_DATA) {
      this.request = { ...this.request, correlationData: content };
    } else if (isUtf8(content)) {
      this.request = { ...this.request, ...request({ responseTopic: content.toString() }) };
    }
  }

  /** Those that may occur only once [MQTT-2.2.2.2] have identifiers below 32. */
  #noteOnce(identifier: number): void {
    const bit = 1 << identifier;
    if ((this.#seen & bit) !== 0) throw FLAWED;
    this.#seen |= bit;
  }

  #addSubscription(identifier: number): void {
    // [MQTT-3.3.2.3.8]
    if (identifier === 0) throw FLAWED;
    const list = this.#listOf(identifier);
    this.subscriptions =
      this.subscriptions === NO_SUBSCRIPTIONS ? list : [...this.subscriptions, identifier];
  }

  #listOf(identifier: number): readonly number[] {
    const place = identifier % LISTS_MAX;
    const known = this.#lists[place];
    if (known !== undefined && known[0] === identifier) return known;
    const list = Object.freeze([identifier]);
    this.#lists[place] = list;
    return list;
  }
}

function integerAt(bytes: Buffer, at: number, limit: number): number {
  const value = varIntAt(bytes, at, limit);
  if (value === null) throw FLAWED;
  return value;
}

function within(end: number, limit: number): number {
  if (end > limit) throw FLAWED;
  return end;
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

// The integers of MQTT, read in place. The caller makes sure that `at` lies within `bytes`.

export function byteAt(bytes: Uint8Array, at: number): number {
  // `buffer.readUInt8` would check the bounds a second time, for each byte of each topic.
  return bytes[at] as number;
}

/** A two-byte integer [MQTT-1.5.2]. */
export function uint16At(bytes: Uint8Array, at: number): number {
  return (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1);
}

/** A variable byte integer has at most so many bytes [MQTT-1.5.5-1]. */
const VAR_INT_BYTES_MAX = 4;

/**
 * A variable byte integer; `null` when `limit` comes before its end.
 *
 * @throws Violation when it has more than four bytes.
 */
export function varIntAt(bytes: Uint8Array, at: number, limit: number): number | null {
  let value = 0;
  for (let n = 0; n < VAR_INT_BYTES_MAX; n += 1) {
    if (at + n >= limit) return null;
    const byte = byteAt(bytes, at + n);
    value |= (byte & 0x7f) << (7 * n);
    if (byte < 0x80) return value;
  }
  throw new Violation("malformed", "a length or an identifier of more than four bytes");
}

/** Where the variable byte integer at `at` ends, which `varIntAt` has read. */
export function varIntEnd(bytes: Uint8Array, at: number): number {
  let last = at;
  while (byteAt(bytes, last) >= 0x80) last += 1;
  return last + 1;
}
