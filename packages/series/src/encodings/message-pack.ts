import { ByteReader, timeText, withoutBytes } from "./byte-reader.ts";

/** Arrays and maps within each other at most. */
const DEPTH_MAX = 32;
/** The type of an extension that is a time. */
const TIMESTAMP = -1;

/**
 * Decodes one object of MessagePack that fills the bytes. Integers are numbers, times text, keys text or integers,
 * bytes and other extensions `undefined`. What is built is never larger than the bytes allow.
 *
 * @returns `undefined` for anything else.
 */
export function decodeMessagePack(bytes: Buffer): unknown {
  const reader = new ByteReader(bytes);
  const value = readValue(reader, 0);
  return reader.failed || !reader.isAtEnd ? undefined : value;
}

function readValue(reader: ByteReader, depth: number): unknown {
  const head = reader.unsigned(1);
  if (reader.failed || depth > DEPTH_MAX) return reader.fail();
  if (head < 0x80) return head;
  if (head >= 0xe0) return head - 0x1_00;
  if (head < 0x90) return readMap(reader, head & 0x0f, depth);
  if (head < 0xa0) return readArray(reader, head & 0x0f, depth);
  if (head < 0xc0) return reader.text(head & 0x1f);
  return readLong(reader, head, depth);
}

/** What has its length, or its value, in the bytes that follow. */
function readLong(reader: ByteReader, head: number, depth: number): unknown {
  switch (head) {
    case 0xc0:
      return null;
    case 0xc2:
    case 0xc3:
      return head === 0xc3;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return withoutBytes(reader.bytes(reader.unsigned(2 ** (head - 0xc4))));
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return readExtension(reader, reader.unsigned(2 ** (head - 0xc7)));
    case 0xca:
    case 0xcb:
      return reader.float(head === 0xca ? 4 : 8);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return reader.unsigned(2 ** (head - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return reader.signed(2 ** (head - 0xd0));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return readExtension(reader, 2 ** (head - 0xd4));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return reader.text(reader.unsigned(2 ** (head - 0xd9)));
    case 0xdc:
    case 0xdd:
      return readArray(reader, reader.unsigned(head === 0xdc ? 2 : 4), depth);
    case 0xde:
    case 0xdf:
      return readMap(reader, reader.unsigned(head === 0xde ? 2 : 4), depth);
    default:
      // 0xc1 is never used.
      return reader.fail();
  }
}

function readArray(reader: ByteReader, length: number, depth: number): unknown[] {
  const items: unknown[] = [];
  while (!reader.failed && items.length < length) items.push(readValue(reader, depth + 1));
  return items;
}

function readMap(reader: ByteReader, length: number, depth: number): unknown {
  const entries: [string, unknown][] = [];
  while (!reader.failed && entries.length < length) {
    const key = readValue(reader, depth + 1);
    if (typeof key !== "string" && typeof key !== "number") return reader.fail();
    entries.push([String(key), readValue(reader, depth + 1)]);
  }
  // Not assignments: a key may be "__proto__".
  return Object.fromEntries(entries);
}

/** A time is seconds in 32 bits; nanoseconds in 30 and seconds in 34; or nanoseconds in 32 and seconds in 64. */
function readExtension(reader: ByteReader, length: number): string | undefined {
  const type = reader.signed(1);
  const content = reader.bytes(length);
  if (type !== TIMESTAMP || reader.failed) return undefined;
  switch (length) {
    case 4:
      return timeText(content.readUInt32BE(0), 0);
    case 8: {
      const first = content.readUInt32BE(0);
      const seconds = (first & 3) * 2 ** 32 + content.readUInt32BE(4);
      return timeText(seconds, Math.floor((first >>> 2) / 1_000));
    }
    case 12:
      return timeText(
        Number(content.readBigInt64BE(4)),
        Math.floor(content.readUInt32BE(0) / 1_000),
      );
    default:
      return undefined;
  }
}
