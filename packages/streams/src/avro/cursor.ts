import type { Type } from "avsc";
import avro from "avsc";

/** Where the reading of an encoded value is, and how much it has met. */
export interface Cursor {
  readonly bytes: Buffer;
  at: number;
  depth: number;
  values: number;
}

/** How deep values may lie in each other; a schema that contains itself sets no end to it. */
const DEPTH_MAX = 64;
/** Values in one payload, those without a byte of their own included. */
const VALUES_MAX = 100_000;

/** The bytes are no value of their schema. */
export class Malformed extends Error {}
/** They may be one, which is deeper or has more parts than any that is taken. */
export class BeyondLimits extends Error {}

export function cursorOver(bytes: Buffer): Cursor {
  return { bytes, at: 0, depth: 0, values: 0 };
}

/** Notes that a value begins. */
export function enter(cursor: Cursor): void {
  cursor.depth += 1;
  cursor.values += 1;
  if (cursor.depth > DEPTH_MAX || cursor.values > VALUES_MAX) throw new BeyondLimits();
}

/** Notes that a value has ended. */
export function leave(cursor: Cursor): void {
  cursor.depth -= 1;
}

/** Goes over so many bytes, and says where they began. */
export function advance(cursor: Cursor, byteCount: number): number {
  const start = cursor.at;
  cursor.at += byteCount;
  if (byteCount < 0 || cursor.at > cursor.bytes.length) throw new Malformed();
  return start;
}

/** What the ninth byte after the first one weighs: a long has no more. */
const WEIGHT_MAX = 2 ** 62;

/** An int or a long: zigzag, seven bits to a byte. Beyond 2^53 it is as near as a double comes. */
export function readLong(cursor: Cursor): number {
  let byte = readByte(cursor);
  const isNegative = (byte & 1) === 1;
  let magnitude = (byte & 0x7f) >> 1;
  for (let weight = 64; byte >= 0x80; weight *= 128) {
    if (weight > WEIGHT_MAX) throw new Malformed();
    byte = readByte(cursor);
    magnitude += (byte & 0x7f) * weight;
  }
  return isNegative ? -magnitude - 1 : magnitude;
}

function readByte(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.at];
  if (byte === undefined) throw new Malformed();
  cursor.at += 1;
  return byte;
}

export function readString(cursor: Cursor): string {
  const byteCount = readLong(cursor);
  const start = advance(cursor, byteCount);
  return cursor.bytes.toString("utf8", start, cursor.at);
}

/** Items without a byte of their own in one block: nobody means more of them than this. */
const EMPTY_ITEMS_MAX = 1_000;

/** Arrays and maps come in blocks: a count, or a negative one and the block's size in bytes. */
export function readBlocks(cursor: Cursor, readItem: (cursor: Cursor) => void): void {
  for (let count = readLong(cursor); count !== 0; count = readLong(cursor)) {
    if (count < 0) readLong(cursor);
    const items = Math.abs(count);
    // A few bytes can claim 2^40 items; what cannot be taken is not begun.
    if (items > VALUES_MAX - cursor.values) throw new BeyondLimits();
    const start = cursor.at;
    for (let item = 0; item < items; item += 1) {
      readItem(cursor);
      if (item === EMPTY_ITEMS_MAX && cursor.at === start) throw new BeyondLimits();
    }
  }
}

const { types } = avro;

/** Goes over one value without making anything of it. */
export type Skip = (cursor: Cursor) => void;

/** Makes what skips values of a type, which may contain itself. */
export function createSkippers(): (type: Type) => Skip {
  const known = new Map<Type, Skip>();

  function skipperOf(type: Type): Skip {
    const found = known.get(type);
    if (found !== undefined) return found;
    const parts: { skip: Skip } = { skip: fail };
    const skip: Skip = (cursor) => {
      enter(cursor);
      parts.skip(cursor);
      leave(cursor);
    };
    known.set(type, skip);
    parts.skip = skipPartsOf(type, skipperOf);
    return skip;
  }
  return skipperOf;
}

function skipPartsOf(type: Type, skipperOf: (type: Type) => Skip): Skip {
  if (type instanceof types.RecordType) {
    const fields = type.fields.map((field) => skipperOf(field.type));
    return (cursor) => {
      for (const skip of fields) skip(cursor);
    };
  }
  if (type instanceof types.ArrayType) {
    const item = skipperOf(type.itemsType);
    return (cursor) => readBlocks(cursor, item);
  }
  if (type instanceof types.MapType) {
    const value = skipperOf(type.valuesType);
    return (cursor) =>
      readBlocks(cursor, (within) => {
        skipText(within);
        value(within);
      });
  }
  if (type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType) {
    const branches = type.types.map(skipperOf);
    return (cursor) => chosenOf(branches, cursor)(cursor);
  }
  if (type instanceof types.EnumType) {
    const { symbols } = type;
    return (cursor) => void chosenOf(symbols, cursor);
  }
  const byteCount = type instanceof types.FixedType ? type.size : BYTES_OF.get(type.typeName);
  if (byteCount !== undefined) return (cursor) => void advance(cursor, byteCount);
  return type.typeName === "string" || type.typeName === "bytes" ? skipText : readLong;
}

const BYTES_OF: ReadonlyMap<string, number> = new Map([
  ["null", 0],
  ["boolean", 1],
  ["float", 4],
  ["double", 8],
]);

function skipText(cursor: Cursor): void {
  advance(cursor, readLong(cursor));
}

function fail(): never {
  throw new TypeError("a type was used before it was known");
}

/** The one that an encoded index names: a branch of a union, a symbol of an enum. */
export function chosenOf<T>(choices: readonly T[], cursor: Cursor): T {
  const index = readLong(cursor);
  const chosen = choices[index];
  if (chosen === undefined) throw new Malformed();
  return chosen;
}
