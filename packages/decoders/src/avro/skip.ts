import avro, { type Type } from "avsc";
import { advance, type Cursor, enter, leave, Malformed, readBlocks, readLong } from "./cursor.ts";

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
