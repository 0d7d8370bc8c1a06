import {
  type Bits,
  MalformedProtobuf,
  ProtobufFields,
  signedOf,
  unsignedOf,
} from "../encodings/protobuf.ts";

/** A metric of Sparkplug B, as far as it matters for a reading. */
export interface Metric {
  name: string | null;
  /** In decimal digits: it has up to 64 bits. */
  alias: string | null;
  /** Milliseconds since the epoch. */
  timestampMs: number | null;
  /** As the message has it: only a birth must. */
  datatype: number | null;
  isNull: boolean;
  unit: string | null;
  /** 0 bad, 192 good, 500 stale. */
  quality: number | null;
  value: Bits | number | boolean | Template | Packed | NotRead | null;
}

/** The reason why a kind of value is not read. */
interface NotRead {
  notRead: string;
}

/** Bytes, which are an array where the datatype says so. */
interface Packed {
  bytes: Buffer;
}

/** A value with parts of its own. */
interface Template {
  members: readonly Metric[];
}

/** A payload of Sparkplug B. */
export interface SparkplugPayload {
  timestampMs: number | null;
  metrics: readonly Metric[];
  /** Whether there are more metrics than are read. */
  isCut: boolean;
  isCompressed: boolean;
}

/** Metrics of one payload at most, those within templates included. */
export const METRICS_MAX = 2_000;
/** Templates within templates at most. */
const DEPTH_MAX = 8;
const COMPRESSED = "SPBV1.0_COMPRESSED";

/**
 * Decodes a payload. The bytes are read here, because the package `sparkplug-payload` loses each value whose datatype
 * stands in the birth alone, and throws for a whole payload because of one cell of a table.
 *
 * @returns `null` where the bytes are none.
 */
export function decodeSparkplug(bytes: Buffer): SparkplugPayload | null {
  try {
    return payloadOf(bytes);
  } catch (error) {
    if (error instanceof MalformedProtobuf) return null;
    throw error;
  }
}

/** How many metrics may still be read. */
interface Budget {
  left: number;
}

function payloadOf(bytes: Buffer): SparkplugPayload {
  const fields = new ProtobufFields(bytes);
  const metrics: Metric[] = [];
  const budget: Budget = { left: METRICS_MAX };
  let timestampMs: number | null = null;
  let isCut = false;
  let isCompressed = false;
  while (fields.next()) {
    if (fields.field === 1) timestampMs = fields.number();
    else if (fields.field === 2) {
      if (budget.left === 0) isCut = true;
      else metrics.push(metricOf(fields.bytes(), budget, 0));
    } else if (fields.field === 4) isCompressed = fields.text() === COMPRESSED;
  }
  return { timestampMs, metrics, isCut, isCompressed };
}

function metricOf(bytes: Buffer, budget: Budget, depth: number): Metric {
  budget.left -= 1;
  const fields = new ProtobufFields(bytes);
  const metric: Metric = {
    name: null,
    alias: null,
    timestampMs: null,
    datatype: null,
    isNull: false,
    unit: null,
    quality: null,
    value: null,
  };
  while (fields.next()) {
    switch (fields.field) {
      case 1:
        metric.name = fields.text();
        break;
      case 2:
        metric.alias = decimalOf(fields.bits());
        break;
      case 3:
        metric.timestampMs = fields.number();
        break;
      case 4:
        metric.datatype = fields.number();
        break;
      case 7:
        metric.isNull = fields.boolean();
        break;
      case 9:
        takeProperties(metric, fields.bytes());
        break;
      default:
        metric.value = valueFrom(fields, budget, depth) ?? metric.value;
    }
  }
  return metric;
}

function valueFrom(fields: ProtobufFields, budget: Budget, depth: number): Metric["value"] {
  switch (fields.field) {
    case 10:
    case 11:
      return fields.bits();
    case 12:
      return fields.float();
    case 13:
      return fields.double();
    case 14:
      return fields.boolean();
    case 15:
      return { notRead: "text" };
    case 16:
      return { bytes: fields.bytes() };
    case 17:
      return { notRead: "a table" };
    case 18:
      return templateOf(fields.bytes(), budget, depth + 1);
    case 19:
      return { notRead: "an extension" };
    default:
      return null;
  }
}

function templateOf(bytes: Buffer, budget: Budget, depth: number): Template | NotRead {
  if (depth > DEPTH_MAX) return { notRead: `deeper than ${DEPTH_MAX} templates` };
  const fields = new ProtobufFields(bytes);
  const members: Metric[] = [];
  while (fields.next()) {
    if (fields.field === 5 && fields.boolean()) return { notRead: "the definition of a template" };
    if (fields.field === 2 && budget.left > 0)
      members.push(metricOf(fields.bytes(), budget, depth));
  }
  return { members };
}

const UNIT = /^(?:eng(?:ineering)?[ _]?)?units?$/i;

/** Of the properties, the unit and the quality. Keys and values are two lists in the same order. */
function takeProperties(metric: Metric, bytes: Buffer): void {
  const fields = new ProtobufFields(bytes);
  const keys: string[] = [];
  let index = 0;
  while (fields.next()) {
    if (fields.field === 1 && keys.length < METRICS_MAX) keys.push(fields.text());
    else if (fields.field === 2) {
      const key = keys[index] ?? "";
      index += 1;
      if (UNIT.test(key)) metric.unit = textOf(fields.bytes());
      else if (/^quality$/i.test(key)) metric.quality = integerOf(fields.bytes());
    }
  }
}

function textOf(propertyValue: Buffer): string | null {
  const fields = new ProtobufFields(propertyValue);
  while (fields.next()) if (fields.field === 8) return fields.text();
  return null;
}

function integerOf(propertyValue: Buffer): number | null {
  const fields = new ProtobufFields(propertyValue);
  while (fields.next()) if (fields.field === 3 || fields.field === 4) return fields.number();
  return null;
}

function decimalOf({ low, high }: Bits): string {
  return high === 0 ? String(low) : String((BigInt(high) << 32n) | BigInt(low));
}

const SIGNED_BITS: ReadonlyMap<number, number> = new Map([
  [1, 8],
  [2, 16],
  [3, 32],
]);
const INT64 = 4;
const UNSIGNED: ReadonlySet<number> = new Set([5, 6, 7, 8]);

/** The integer that bits stand for in a datatype; `null` for a datatype that is no integer. */
export function integerFrom(bits: Bits, datatype: number): number | null {
  const width = SIGNED_BITS.get(datatype);
  // Some programs send -5 as 8 bits, others as 32 or 64.
  if (width !== undefined) return (bits.low << (32 - width)) >> (32 - width);
  if (datatype === INT64) return signedOf(bits);
  return UNSIGNED.has(datatype) ? unsignedOf(bits) : null;
}

/** How the numbers of an array are packed, little endian, by the datatype. */
const ARRAYS: ReadonlyMap<
  number,
  readonly [bytes: number, read: (bytes: Buffer, at: number) => number]
> = new Map([
  [22, [1, (bytes, at) => bytes.readInt8(at)]],
  [23, [2, (bytes, at) => bytes.readInt16LE(at)]],
  [24, [4, (bytes, at) => bytes.readInt32LE(at)]],
  [25, [8, (bytes, at) => Number(bytes.readBigInt64LE(at))]],
  [26, [1, (bytes, at) => bytes.readUInt8(at)]],
  [27, [2, (bytes, at) => bytes.readUInt16LE(at)]],
  [28, [4, (bytes, at) => bytes.readUInt32LE(at)]],
  [29, [8, (bytes, at) => Number(bytes.readBigUInt64LE(at))]],
  [30, [4, (bytes, at) => bytes.readFloatLE(at)]],
  [31, [8, (bytes, at) => bytes.readDoubleLE(at)]],
]);
/** Longer arrays are spectra or pictures, as in "auto". */
const ITEMS_MAX = 16;

/** The numbers of an array, or why there are none. */
export function arrayFrom({ bytes }: Packed, datatype: number | undefined): number[] | NotRead {
  const packing = ARRAYS.get(datatype ?? 0);
  if (packing === undefined) return { notRead: "bytes" };
  const [size, read] = packing;
  const count = bytes.length / size;
  if (!Number.isInteger(count)) return { notRead: "not an array of its datatype" };
  if (count > ITEMS_MAX) return { notRead: `an array of more than ${ITEMS_MAX}` };
  return Array.from({ length: count }, (_, index) => read(bytes, index * size));
}
