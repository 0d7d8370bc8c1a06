import type { Type } from "avsc";
import avro from "avsc";
import type { Read } from "./avro-cursor.ts";

const { types } = avro;

/** A type of a schema with a meaning beyond its encoding, and how its values are read. */
export abstract class LogicalValue extends types.LogicalType {
  abstract readonly reader: Read<unknown>;

  /** The library converts the defaults of fields with these. */
  protected override _fromValue(value: unknown): unknown {
    return value;
  }

  protected override _toValue(value: unknown): unknown {
    return value;
  }

  /** @throws where a schema gives the meaning to another type; the library then ignores it, as Avro wants. */
  protected expect(...typeNames: readonly string[]): void {
    if (!typeNames.includes(this.underlyingType.typeName)) {
      throw new TypeError(`${this.typeName} of another type`);
    }
  }
}

/** Longer ones are no measurements: 32 bytes have 77 digits. */
const DECIMAL_BYTES_MAX = 32;
const SCALE_MAX = 77;

/** A number with a fixed count of digits behind the point: an integer, as bytes in two's complement. */
class Decimal extends LogicalValue {
  readonly reader: Read<unknown>;

  constructor(schema: avro.Schema, options?: unknown) {
    super(schema, options);
    this.expect("bytes", "fixed");
    const { scale = 0 } = schema as { scale?: unknown };
    if (!Number.isInteger(scale) || Number(scale) < 0 || Number(scale) > SCALE_MAX) {
      throw new TypeError("a scale that is none");
    }
    const type: Type = this.underlyingType;
    const readBytes: Read<Buffer> =
      type instanceof types.FixedType
        ? (cursor) => {
            const start = cursor.advance(type.size);
            return cursor.bytes.subarray(start, cursor.at);
          }
        : (cursor) => cursor.readBytes();
    this.reader = (cursor) => decimalOf(readBytes(cursor), Number(scale));
  }
}

function decimalOf(bytes: Buffer, scale: number): number | undefined {
  if (bytes.length === 0 || bytes.length > DECIMAL_BYTES_MAX) return undefined;
  const unscaled = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString("hex")}`));
  // Reading digits rounds once; a division would round twice.
  return Number(`${unscaled}e-${scale}`);
}

/** A class for a logical type of an int or a long. */
function timeType(
  typeName: "int" | "long",
  reader: Read<unknown>,
): new (
  schema: avro.Schema,
  options?: unknown,
) => LogicalValue {
  return class extends LogicalValue {
    readonly reader = reader;

    constructor(schema: avro.Schema, options?: unknown) {
      super(schema, options);
      this.expect(typeName);
    }
  };
}

const UTC = "Z";
/** A local time: the stream's time zone decides. */
const NO_ZONE = "";

/** How values of logical types are read, by the name in the schema. */
export const LOGICAL_TYPES = {
  decimal: Decimal,
  "timestamp-millis": timeType("long", (cursor) => isoTime(cursor.readLong() * 1_000, UTC)),
  "timestamp-micros": timeType("long", (cursor) => isoTime(cursor.readLong(), UTC)),
  "timestamp-nanos": timeType("long", (cursor) => isoTime(microseconds(cursor.readBigLong()), UTC)),
  "local-timestamp-millis": timeType("long", (cursor) =>
    isoTime(cursor.readLong() * 1_000, NO_ZONE),
  ),
  "local-timestamp-micros": timeType("long", (cursor) => isoTime(cursor.readLong(), NO_ZONE)),
  "local-timestamp-nanos": timeType("long", (cursor) =>
    isoTime(microseconds(cursor.readBigLong()), NO_ZONE),
  ),
  date: timeType("int", (cursor) => isoTime(cursor.readLong() * 86_400_000_000, UTC)?.slice(0, 10)),
  // A time of day without its day is neither a time nor a measurement.
  "time-millis": timeType("int", (cursor) => void cursor.readLong()),
  "time-micros": timeType("long", (cursor) => void cursor.readLong()),
};

/** What is finer is cut off. A double cannot hold today's nanoseconds. */
function microseconds(nanoseconds: bigint): number {
  return Number(BigInt.asIntN(64, nanoseconds) / 1_000n);
}

/** Beyond these, a Date has no time. */
const TIME_US_MAX = 8.64e18;

function isoTime(timeUs: number, zone: string): string | undefined {
  if (Math.abs(timeUs) > TIME_US_MAX) return undefined;
  const timeMs = Math.floor(timeUs / 1_000);
  const restUs = String(timeUs - timeMs * 1_000).padStart(3, "0");
  return `${new Date(timeMs).toISOString().slice(0, -1)}${restUs}${zone}`;
}
