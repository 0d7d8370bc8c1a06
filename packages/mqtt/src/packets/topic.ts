import { isUtf8 } from "node:buffer";
import { byteAt } from "./bytes.ts";

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
 * escaped topic itself; only the `flaw` of a message tells the two apart.
 *
 * @param bytes empty, not UTF-8, or with `+`, `#` or NUL.
 */
export function escapeTopic(bytes: Buffer): string {
  let escaped = "";
  let room = TOPIC_BYTES_MAX - NOTHING_MORE.length;
  for (let at = 0; at < bytes.length; ) {
    const length = characterBytes(bytes, at);
    const isKept = isUtf8(bytes.subarray(at, at + length)) && !ESCAPED.has(byteAt(bytes, at));
    room -= isKept ? length : ESCAPE_BYTES;
    if (room < 0) return escaped + NOTHING_MORE;
    const text = bytes.toString(isKept ? "utf8" : "hex", at, at + length);
    escaped += isKept ? text : `%${text.toUpperCase()}`;
    at += length;
  }
  return escaped || NOTHING_MORE;
}

/** How many bytes the character at `at` has; 1 where no valid one begins. */
function characterBytes(bytes: Buffer, at: number): number {
  const lead = byteAt(bytes, at);
  const length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return isUtf8(bytes.subarray(at, at + length)) ? length : 1;
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
