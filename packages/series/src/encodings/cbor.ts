import { ByteReader, timeText, withoutBytes } from "./byte-reader.ts";

/** Arrays, maps and tags within each other at most. */
const DEPTH_MAX = 32;
/** Longer integers are no measurements. */
const BIGNUM_BYTES_MAX = 16;
/** The end of something without a length. */
const BREAK = Symbol("break");

/**
 * Decodes one item of CBOR (RFC 8949) that fills the bytes. Integers and decimal fractions are numbers, times
 * (tag 1) text, keys text or integers, bytes `undefined`. What is built is never larger than the bytes allow.
 *
 * @returns `undefined` for anything else.
 */
export function decodeCbor(bytes: Buffer): unknown {
  const reader = new ByteReader(bytes);
  const item = readItem(reader, 0);
  return reader.failed || !reader.isAtEnd || item === BREAK ? undefined : withoutBytes(item);
}

function readItem(reader: ByteReader, depth: number): unknown {
  const head = reader.unsigned(1);
  const info = head & 0x1f;
  const type = head >> 5;
  if (reader.failed || depth > DEPTH_MAX) return reader.fail();
  if (type === 7) return readSimple(reader, info);
  const argument = readArgument(reader, info);
  switch (type) {
    case 2:
      return argument === null ? readChunks(reader, 2) : reader.bytes(argument);
    case 3:
      return argument === null ? readChunks(reader, 3) : reader.text(argument);
    case 4:
      return readArray(reader, argument, depth);
    case 5:
      return readMap(reader, argument, depth);
    default:
      if (argument === null) return reader.fail();
      if (type === 6) return taggedOf(argument, readPart(reader, depth));
      return type === 0 ? argument : -1 - argument;
  }
}

/** A value or a length; `null` where it ends with a break. */
function readArgument(reader: ByteReader, info: number): number | null {
  if (info < 24) return info;
  if (info < 28) return reader.unsigned(2 ** (info - 24));
  if (info < 31) reader.fail();
  return null;
}

function readSimple(reader: ByteReader, info: number): unknown {
  switch (info) {
    case 20:
    case 21:
      return info === 21;
    case 22:
    case 23:
      return null;
    case 24:
      // Lower ones have a shorter form, and must use it.
      return reader.unsigned(1) < 32 ? reader.fail() : undefined;
    case 25:
    case 26:
    case 27:
      return reader.float(2 ** (info - 24));
    case 31:
      return BREAK;
    default:
      return info < 20 ? undefined : reader.fail();
  }
}

/** Text or bytes in pieces that have lengths. Bytes are not needed: they are no measurement. */
function readChunks(reader: ByteReader, type: 2 | 3): string | undefined {
  let text = "";
  while (!reader.failed) {
    const head = reader.unsigned(1);
    if (head === 0xff) return type === 3 ? text : undefined;
    const length = head >> 5 === type ? readArgument(reader, head & 0x1f) : null;
    if (length === null) break;
    if (type === 3) text += reader.text(length);
    else reader.bytes(length);
  }
  return reader.fail();
}

function readArray(reader: ByteReader, length: number | null, depth: number): unknown[] {
  const items: unknown[] = [];
  while (!reader.failed && items.length !== length) {
    const item = readItem(reader, depth + 1);
    if (item === BREAK) {
      if (length !== null) reader.fail();
      break;
    }
    items.push(withoutBytes(item));
  }
  return items;
}

function readMap(reader: ByteReader, length: number | null, depth: number): unknown {
  const entries: [string, unknown][] = [];
  while (!reader.failed && entries.length !== length) {
    const key = readItem(reader, depth + 1);
    if (key === BREAK && length === null) break;
    if (typeof key !== "string" && typeof key !== "number") return reader.fail();
    entries.push([String(key), withoutBytes(readPart(reader, depth))]);
  }
  // Not assignments: a key may be "__proto__".
  return Object.fromEntries(entries);
}

/** An item where no break may stand. */
function readPart(reader: ByteReader, depth: number): unknown {
  const item = readItem(reader, depth + 1);
  return item === BREAK ? reader.fail() : item;
}

/** Tags beyond these do not change what their content measures. */
function taggedOf(tag: number, content: unknown): unknown {
  switch (tag) {
    case 1:
      return typeof content === "number" ? timeOf(content) : undefined;
    case 2:
    case 3: {
      const whole = content instanceof Uint8Array ? wholeOf(content) : undefined;
      return tag === 3 && whole !== undefined ? -1 - whole : whole;
    }
    case 4:
    case 5:
      return fractionOf(tag, content);
    // Days since the epoch, extended times, durations, periods.
    case 100:
    case 1001:
    case 1002:
    case 1003:
      return undefined;
    default:
      return content;
  }
}

function timeOf(seconds: number): string | undefined {
  const whole = Math.floor(seconds);
  const microseconds = Math.min(Math.round((seconds - whole) * 1e6), 999_999);
  return timeText(whole, microseconds);
}

function wholeOf(bytes: Uint8Array): number | undefined {
  if (bytes.length > BIGNUM_BYTES_MAX) return undefined;
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** An exponent, of 10 or of 2, and a mantissa. */
function fractionOf(tag: 4 | 5, content: unknown): number | undefined {
  if (!Array.isArray(content) || content.length !== 2) return undefined;
  const [exponent, mantissa] = content as unknown[];
  if (typeof exponent !== "number" || typeof mantissa !== "number") return undefined;
  // 27315e-2 is 273.15, and 27315 * 0.01 is not.
  return tag === 4 ? Number(`${mantissa}e${exponent}`) : mantissa * 2 ** exponent;
}
