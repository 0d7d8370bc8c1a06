import avro, { type Type } from "avsc";

const { types } = avro;

/** How deep values may lie in each other; a schema that contains itself sets no end to it. */
const DEPTH_MAX = 64;
/** Values in one payload, those without a byte of their own included. */
const VALUES_MAX = 100_000;

/** What is known of an encoded value before it is decoded. */
export type Bounds = "sound" | "malformed" | "beyond limits";

class Malformed extends Error {}
class BeyondLimits extends Error {}

/**
 * Walks over an encoded value without making anything of it. Avro's library trusts the counts that it
 * reads: a few bytes can claim an array of 2^40 values that need no bytes at all.
 */
export function boundsOf(type: Type, bytes: Buffer): Bounds {
  const walk: Walk = { bytes, at: 0, values: 0 };
  try {
    skip(type, walk, 0);
    return walk.at === bytes.length ? "sound" : "malformed";
  } catch (error) {
    if (error instanceof Malformed) return "malformed";
    if (error instanceof BeyondLimits) return "beyond limits";
    throw error;
  }
}

interface Walk {
  bytes: Buffer;
  at: number;
  values: number;
}

function skip(type: Type, walk: Walk, depth: number): void {
  walk.values += 1;
  if (depth > DEPTH_MAX || walk.values > VALUES_MAX) throw new BeyondLimits();
  if (type instanceof types.RecordType) {
    for (const field of type.fields) skip(field.type, walk, depth + 1);
  } else if (type instanceof types.ArrayType) {
    skipBlocks(walk, () => skip(type.itemsType, walk, depth + 1));
  } else if (type instanceof types.MapType) {
    skipBlocks(walk, () => {
      skipBytes(walk, readLong(walk));
      skip(type.valuesType, walk, depth + 1);
    });
  } else if (type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType) {
    const branch = type.types[readLong(walk)];
    if (branch === undefined) throw new Malformed();
    skip(branch, walk, depth + 1);
  } else if (type instanceof types.LogicalType) skip(type.underlyingType, walk, depth);
  else if (type instanceof types.FixedType) skipBytes(walk, type.size);
  else skipPrimitive(type.typeName, walk);
}

const FIXED_BYTES: ReadonlyMap<string, number> = new Map([
  ["null", 0],
  ["boolean", 1],
  ["float", 4],
  ["double", 8],
]);
const LENGTH_FIRST: ReadonlySet<string> = new Set(["bytes", "string"]);

function skipPrimitive(typeName: string, walk: Walk): void {
  const bytes = FIXED_BYTES.get(typeName);
  if (bytes !== undefined) skipBytes(walk, bytes);
  else if (LENGTH_FIRST.has(typeName)) skipBytes(walk, readLong(walk));
  // int, long and enum
  else readLong(walk);
}

/** Arrays and maps come in blocks: a count, or a negative one and the block's size in bytes. */
function skipBlocks(walk: Walk, skipItem: () => void): void {
  for (let count = readLong(walk); count !== 0; count = readLong(walk)) {
    if (count < 0) readLong(walk);
    for (let left = Math.abs(count); left > 0; left -= 1) skipItem();
  }
}

function skipBytes(walk: Walk, count: number): void {
  walk.at += count;
  if (count < 0 || walk.at > walk.bytes.length) throw new Malformed();
}

const LONG_BYTES_MAX = 10;

/** A zigzag variable-length number; what no double can hold exactly is larger than any limit here. */
function readLong(walk: Walk): number {
  let value = 0n;
  for (let index = 0; index < LONG_BYTES_MAX; index += 1) {
    const byte = walk.bytes[walk.at];
    if (byte === undefined) throw new Malformed();
    walk.at += 1;
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return Number((value >> 1n) ^ -(value & 1n));
  }
  throw new Malformed();
}
