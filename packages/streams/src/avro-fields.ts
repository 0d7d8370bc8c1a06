import type { Type } from "avsc";
import avro from "avsc";

const { types } = avro;

/** The fields of a reading. All else of a value is skipped. */
const WANTED: ReadonlySet<string> = new Set(["number", "epochtime", "publisher", "epoch", "seq"]);

/** The wanted fields of a record or a map, without those that are null. */
type Fields = Record<string, unknown>;

/** The fields of an encoded value, `null` when it has none, or what is wrong with it. */
export type FieldsResult = Fields | null | "malformed" | "beyond limits";

type Read<T> = (cursor: Cursor) => T;
type SkipperOf = (type: Type) => Skip;

/**
 * Creates a function that reads the fields of a type's values. It reads the bytes itself: Avro's library builds
 * whatever they claim, such as an array of 2^40 values that take no bytes, refuses longs beyond 2^53, and
 * gives some unions a form that depends on their neighbours.
 */
export function createFieldsReader(type: Type): (bytes: Buffer) => FieldsResult {
  const read = fieldsOf(type, createSkippers());
  return (bytes) => {
    const cursor = new Cursor(bytes);
    try {
      const fields = read(cursor);
      return cursor.at === bytes.length ? fields : "malformed";
    } catch (error) {
      if (error instanceof Malformed) return "malformed";
      if (error instanceof BeyondLimits) return "beyond limits";
      throw error;
    }
  };
}

function fieldsOf(type: Type, skipperOf: SkipperOf): Read<Fields | null> {
  if (type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType) {
    const branches = type.types.map((branch) => fieldsOf(branch, skipperOf));
    return (cursor) => cursor.choose(branches)(cursor);
  }
  if (type instanceof types.RecordType) return recordFields(type, skipperOf);
  if (type instanceof types.MapType) return mapFields(type, skipperOf);
  const skip = skipperOf(type);
  return (cursor) => {
    skip(cursor);
    return null;
  };
}

function recordFields(type: avro.types.RecordType, skipperOf: SkipperOf): Read<Fields> {
  const steps = type.fields.map((field) => ({
    name: field.name,
    read: WANTED.has(field.name) ? scalarOf(field.type, skipperOf) : skipperOf(field.type),
  }));
  return (cursor) => {
    cursor.enter();
    const fields: Fields = {};
    for (const { name, read } of steps) {
      const value = read(cursor);
      if (value !== undefined) fields[name] = value;
    }
    cursor.leave();
    return fields;
  };
}

function mapFields(type: avro.types.MapType, skipperOf: SkipperOf): Read<Fields> {
  const read = scalarOf(type.valuesType, skipperOf);
  const skip = skipperOf(type.valuesType);
  return (cursor) => {
    cursor.enter();
    const fields: Fields = {};
    cursor.readBlocks(() => {
      const name = cursor.readString();
      if (WANTED.has(name)) fields[name] = read(cursor);
      else skip(cursor);
    });
    cursor.leave();
    return fields;
  };
}

/** The value of a field that is neither a number nor a text. */
const SOMETHING_ELSE = Object.freeze({});

/** `undefined` for null. */
function scalarOf(type: Type, skipperOf: SkipperOf): Read<unknown> {
  if (type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType) {
    const branches = type.types.map((branch) => scalarOf(branch, skipperOf));
    return (cursor) => cursor.choose(branches)(cursor);
  }
  if (type instanceof types.EnumType) {
    const { symbols } = type;
    return (cursor) => cursor.choose(symbols);
  }
  const read = SCALARS.get(type.typeName);
  if (read !== undefined) return read;
  const skip = skipperOf(type);
  return (cursor) => {
    skip(cursor);
    return SOMETHING_ELSE;
  };
}

const SCALARS: ReadonlyMap<string, Read<unknown>> = new Map<string, Read<unknown>>([
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
class Cursor {
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

/** Skips one value. */
type Skip = (cursor: Cursor) => void;

/** Creates functions that skip values of a type, which may contain itself. */
function createSkippers(): (type: Type) => Skip {
  const known = new Map<Type, Skip>();

  function skipperOf(type: Type): Skip {
    const found = known.get(type);
    if (found !== undefined) return found;
    const parts: { skip: Skip } = { skip: fail };
    const skip: Skip = (cursor) => {
      cursor.enter();
      parts.skip(cursor);
      cursor.leave();
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
    return (cursor) => cursor.readBlocks(item);
  }
  if (type instanceof types.MapType) {
    const value = skipperOf(type.valuesType);
    return (cursor) =>
      cursor.readBlocks(() => {
        skipText(cursor);
        value(cursor);
      });
  }
  if (type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType) {
    const branches = type.types.map(skipperOf);
    return (cursor) => cursor.choose(branches)(cursor);
  }
  if (type instanceof types.EnumType) {
    const { symbols } = type;
    return (cursor) => void cursor.choose(symbols);
  }
  const byteCount = type instanceof types.FixedType ? type.size : BYTES_OF.get(type.typeName);
  if (byteCount !== undefined) return (cursor) => void cursor.advance(byteCount);
  const isText = type.typeName === "string" || type.typeName === "bytes";
  return isText ? skipText : (cursor) => void cursor.readLong();
}

const BYTES_OF: ReadonlyMap<string, number> = new Map([
  ["null", 0],
  ["boolean", 1],
  ["float", 4],
  ["double", 8],
]);

function skipText(cursor: Cursor): void {
  cursor.advance(cursor.readLong());
}

function fail(): never {
  throw new TypeError("a type was used before it was known");
}
