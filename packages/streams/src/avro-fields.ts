import type { Type } from "avsc";
import avro from "avsc";
import { type Cursor, type Read, readWhole, SCALARS, type Unreadable } from "./avro-cursor.ts";

const { types } = avro;

/** The fields of a reading. All else of a value is skipped. */
const WANTED: ReadonlySet<string> = new Set(["number", "epochtime", "publisher", "epoch", "seq"]);

/** The wanted fields of a record or a map, without those that are null. */
type Fields = Record<string, unknown>;

/** The fields of an encoded value, `null` when it has none, or what is wrong with it. */
export type FieldsResult = Fields | null | Unreadable;

type SkipperOf = (type: Type) => Skip;

/**
 * Creates a function that reads the fields of a type's values. It reads the bytes itself: Avro's library builds
 * whatever they claim, such as an array of 2^40 values that take no bytes, refuses longs beyond 2^53, and
 * gives some unions a form that depends on their neighbours.
 */
export function createFieldsReader(type: Type): (bytes: Buffer) => FieldsResult {
  return readWhole(fieldsOf(type, createSkippers()));
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
