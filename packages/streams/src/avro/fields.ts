import type { Type } from "avsc";
import avro from "avsc";
import { BeyondLimits, Cursor, createSkippers, Malformed, type Skip } from "./cursor.ts";

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
