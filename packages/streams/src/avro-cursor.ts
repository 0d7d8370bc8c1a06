/** Reads a value at the cursor, and leaves it behind that. */
export type Read<T> = (cursor: Cursor) => T;

/** Why a value could not be read. */
export type Unreadable = "malformed" | "beyond limits";

/** Creates a function that reads bytes which are one value, and nothing else. */
export function readWhole<T>(read: Read<T>): (bytes: Buffer) => T | Unreadable {
  return (bytes) => {
    const cursor = new Cursor(bytes);
    try {
      const value = read(cursor);
      return cursor.at === bytes.length ? value : "malformed";
    } catch (error) {
      if (error instanceof Malformed) return "malformed";
      if (error instanceof BeyondLimits) return "beyond limits";
      throw error;
    }
  };
}

/** Numbers and text; `undefined` for null. */
export const SCALARS: ReadonlyMap<string, Read<unknown>> = new Map<string, Read<unknown>>([
  ["null", () => undefined],
  ["int", (cursor) => cursor.readLong()],
  ["long", (cursor) => cursor.readLong()],
  ["float", (cursor) => cursor.bytes.readFloatLE(cursor.advance(4))],
  ["double", (cursor) => cursor.bytes.readDoubleLE(cursor.advance(8))],
  ["string", (cursor) => cursor.readString()],
]);

/** How deep values may be nested. A schema that contains itself sets no limit. */
const DEPTH_MAX = 64;
/** Values in one payload, including those that take no bytes. */
const VALUES_MAX = 100_000;
/** Items that take no bytes, in one block. */
const EMPTY_ITEMS_MAX = 1_000;
/** The weight of the last byte of a long: it has ten at most. */
const WEIGHT_MAX = 2 ** 62;

/** The bytes are no value of their schema. */
class Malformed extends Error {}
/** The value is nested deeper, or has more parts, than is accepted. */
class BeyondLimits extends Error {}

/** A position in an encoded value, and how much of the limits is used up. */
export class Cursor {
  readonly bytes: Buffer;
  at = 0;
  #depth = 0;
  #values = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Begins a value. */
  enter(): void {
    this.#depth += 1;
    this.#values += 1;
    if (this.#depth > DEPTH_MAX || this.#values > VALUES_MAX) throw new BeyondLimits();
  }

  /** Ends a value. */
  leave(): void {
    this.#depth -= 1;
  }

  /** Skips some bytes; returns where they begin. */
  advance(byteCount: number): number {
    const start = this.at;
    this.at += byteCount;
    if (byteCount < 0 || this.at > this.bytes.length) throw new Malformed();
    return start;
  }

  /** An int or a long: zigzag, seven bits to a byte. Beyond 2^53 it is as near as a double can be. */
  readLong(): number {
    let byte = this.#readByte();
    const isNegative = (byte & 1) === 1;
    let magnitude = (byte & 0x7f) >> 1;
    for (let weight = 64; byte >= 0x80; weight *= 128) {
      if (weight > WEIGHT_MAX) throw new Malformed();
      byte = this.#readByte();
      magnitude += (byte & 0x7f) * weight;
    }
    return isNegative ? -magnitude - 1 : magnitude;
  }

  /** A long with each of its bits. */
  readBigLong(): bigint {
    let zigzag = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#readByte();
      zigzag |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return (zigzag >> 1n) ^ -(zigzag & 1n);
    }
    throw new Malformed();
  }

  readBytes(): Buffer {
    const byteCount = this.readLong();
    const start = this.advance(byteCount);
    return this.bytes.subarray(start, this.at);
  }

  readString(): string {
    const byteCount = this.readLong();
    const start = this.advance(byteCount);
    return this.bytes.toString("utf8", start, this.at);
  }

  /** Arrays and maps come in blocks: a count, or a negative one and the block's size in bytes. */
  readBlocks(readItem: (cursor: Cursor) => void): void {
    for (let count = this.readLong(); count !== 0; count = this.readLong()) {
      if (count < 0) this.readLong();
      const items = Math.abs(count);
      // A few bytes can claim 2^40 items: refuse them before the first one is read.
      if (items > VALUES_MAX - this.#values) throw new BeyondLimits();
      const start = this.at;
      for (let item = 0; item < items; item += 1) {
        readItem(this);
        if (item === EMPTY_ITEMS_MAX && this.at === start) throw new BeyondLimits();
      }
    }
  }

  /** The one that an encoded index selects: a branch of a union, a symbol of an enum. */
  choose<T>(choices: readonly T[]): T {
    const chosen = choices[this.readLong()];
    if (chosen === undefined) throw new Malformed();
    return chosen;
  }

  #readByte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new Malformed();
    this.at += 1;
    return byte;
  }
}
