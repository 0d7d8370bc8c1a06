import type { Type } from "avsc";
import avro from "avsc";
import { type Read, readWhole, SCALARS, type Unreadable } from "./avro-cursor.ts";
import { LOGICAL_TYPES, LogicalValue } from "./avro-logical.ts";

const { types } = avro;

/** Items of an array that are kept at most: far more than are read as series. */
const ITEMS_MAX = 256;

/**
 * Creates a function that reads values as JSON would have them: records and maps as objects, unions as what they
 * hold, enums as text, decimals as numbers, times as ISO 8601. What JSON cannot hold is `undefined`.
 *
 * @throws when it is no schema.
 */
export function createValueReader(
  schema: avro.schema.AvroSchema,
): (bytes: Buffer) => { value: unknown } | Unreadable {
  // The library would otherwise refuse unions of two branches that are one type in JavaScript.
  const options = { logicalTypes: LOGICAL_TYPES, wrapUnions: "always" } as const;
  const read = createReaders()(avro.Type.forSchema(schema, options));
  return readWhole((cursor) => ({ value: read(cursor) }));
}

/** Creates functions that read values of a type, which may contain itself. */
function createReaders(): (type: Type) => Read<unknown> {
  const known = new Map<Type, Read<unknown>>();

  function readerOf(type: Type): Read<unknown> {
    const found = known.get(type);
    if (found !== undefined) return found;
    const parts: { read: Read<unknown> } = { read: fail };
    const read: Read<unknown> = (cursor) => {
      cursor.enter();
      const value = parts.read(cursor);
      cursor.leave();
      return value;
    };
    known.set(type, read);
    parts.read = partsOf(type, readerOf);
    return read;
  }
  return readerOf;
}

function fail(): never {
  throw new TypeError("a type was used before it was known");
}

function partsOf(type: Type, readerOf: (type: Type) => Read<unknown>): Read<unknown> {
  if (type instanceof LogicalValue) return type.reader;
  if (type instanceof types.RecordType) {
    const fields = type.fields.map((field) => ({ name: field.name, read: readerOf(field.type) }));
    return (cursor) => {
      const record = emptyRecord();
      for (const { name, read } of fields) record[name] = read(cursor);
      return record;
    };
  }
  if (type instanceof types.MapType) {
    const read = readerOf(type.valuesType);
    return (cursor) => {
      const record = emptyRecord();
      cursor.readBlocks(() => {
        const key = cursor.readString();
        record[key] = read(cursor);
      });
      return record;
    };
  }
  if (type instanceof types.ArrayType) {
    const read = readerOf(type.itemsType);
    return (cursor) => {
      const items: unknown[] = [];
      cursor.readBlocks(() => {
        const item = read(cursor);
        if (items.length < ITEMS_MAX) items.push(item);
      });
      return items;
    };
  }
  if (type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType) {
    const branches = type.types.map(readerOf);
    return (cursor) => cursor.choose(branches)(cursor);
  }
  if (type instanceof types.EnumType) {
    const { symbols } = type;
    return (cursor) => cursor.choose(symbols);
  }
  if (type instanceof types.FixedType) {
    const { size } = type;
    return (cursor) => void cursor.advance(size);
  }
  return PRIMITIVES.get(type.typeName) ?? fail;
}

const PRIMITIVES: ReadonlyMap<string, Read<unknown>> = new Map<string, Read<unknown>>([
  ...SCALARS,
  ["null", () => null],
  ["boolean", (cursor) => cursor.bytes[cursor.advance(1)] === 1],
  ["bytes", (cursor) => void cursor.readBytes()],
]);

/** A field or a key may be named `__proto__`. */
function emptyRecord(): Record<string, unknown> {
  return Object.create(null);
}
