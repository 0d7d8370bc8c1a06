import type { Type } from "avsc";
import avro from "avsc";
import {
  advance,
  BeyondLimits,
  type Cursor,
  chosenOf,
  createSkippers,
  cursorOver,
  enter,
  leave,
  Malformed,
  readBlocks,
  readLong,
  readString,
  type Skip,
} from "./cursor.ts";

const { types } = avro;

/** What a reading consists of; nothing else of a value is made anything of. */
const WANTED: ReadonlySet<string> = new Set(["number", "epochtime", "publisher", "epoch", "seq"]);

/** The wanted fields of a record or a map. A field that is null is not there. */
type Fields = Record<string, unknown>;

/** What an encoded value holds: its fields, or `null` when it has none; or what is wrong with it. */
export type FieldsResult = Fields | null | "malformed" | "beyond limits";

type Read<T> = (cursor: Cursor) => T;
type SkipperOf = (type: Type) => Skip;

/**
 * Makes what reads the fields out of values of a type. It walks over the bytes itself: Avro's library
 * builds whatever they claim, also an array of 2^40 values that take no bytes at all, takes no
 * long beyond 2^53, and gives some unions a form that depends on their neighbours.
 */
export function createFieldsReader(type: Type): (bytes: Buffer) => FieldsResult {
  const read = fieldsOf(type, createSkippers());
  return (bytes) => {
    const cursor = cursorOver(bytes);
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
    return (cursor) => chosenOf(branches, cursor)(cursor);
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
    enter(cursor);
    const fields: Fields = {};
    for (const { name, read } of steps) {
      const value = read(cursor);
      if (value !== undefined) fields[name] = value;
    }
    leave(cursor);
    return fields;
  };
}

function mapFields(type: avro.types.MapType, skipperOf: SkipperOf): Read<Fields> {
  const read = scalarOf(type.valuesType, skipperOf);
  const skip = skipperOf(type.valuesType);
  return (cursor) => {
    enter(cursor);
    const fields: Fields = {};
    readBlocks(cursor, () => {
      const name = readString(cursor);
      if (WANTED.has(name)) fields[name] = read(cursor);
      else skip(cursor);
    });
    leave(cursor);
    return fields;
  };
}

/** Stands for what is there, and is neither a number nor a text. */
const SOMETHING_ELSE = Object.freeze({});

/** `undefined` for null. */
function scalarOf(type: Type, skipperOf: SkipperOf): Read<unknown> {
  if (type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType) {
    const branches = type.types.map((branch) => scalarOf(branch, skipperOf));
    return (cursor) => chosenOf(branches, cursor)(cursor);
  }
  if (type instanceof types.EnumType) {
    const { symbols } = type;
    return (cursor) => chosenOf(symbols, cursor);
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
  ["int", readLong],
  ["long", readLong],
  ["float", (cursor) => cursor.bytes.readFloatLE(advance(cursor, 4))],
  ["double", (cursor) => cursor.bytes.readDoubleLE(advance(cursor, 8))],
  ["string", readString],
]);
