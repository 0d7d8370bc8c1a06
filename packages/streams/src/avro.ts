import {
  type Decoder,
  decodeRecord,
  outcomeOf,
  PAYLOAD_BYTES_MAX,
  withoutReading,
} from "@weir/protocol";
import { errorMessage } from "@weir/runtime";
import type { Document } from "@weir/series";
import type { Unreadable } from "./avro-cursor.ts";
import { createFieldsReader } from "./avro-fields.ts";
import { type Framing, openSchemas, type SchemasOptions } from "./avro-schemas.ts";
import { createValueReader } from "./avro-values.ts";

const OTHER_RECORD = outcomeOf("Avro without a single reading");
const UNREADABLE = {
  malformed: "not readable by its Avro schema",
  "beyond limits": "Avro beyond limits",
} as const satisfies Record<Unreadable, string>;

/**
 * Avro with its schema named in front. A record with a field `number` is a reading, as in JSON.
 *
 * @throws Fault when the folder of the schemas cannot be read.
 */
export function openAvroDecoder(options: SchemasOptions): Decoder {
  const schemas = openSchemas(options, ({ type }) => createFieldsReader(type));
  return ({ payload }, times) => {
    if (payload.length === 0) return withoutReading("empty message");
    if (payload.length > PAYLOAD_BYTES_MAX) return withoutReading("payload too large");
    const framed = unframe(payload, options.framing);
    if (framed === null) return withoutReading("Avro framing missing");
    const readFields = schemas.find(framed.key, times.receivedUs);
    if (readFields === undefined) return withoutReading("Avro schema unknown");

    const fields = readFields(framed.body);
    if (typeof fields === "string") return withoutReading(UNREADABLE[fields]);
    if (fields === null) return withoutReading("Avro without a single reading");
    const decoded = decodeRecord(fields, times);
    const isReading = decoded.outcome.reason !== "number missing";
    return isReading ? decoded : { ...decoded, outcome: OTHER_RECORD };
  };
}

/**
 * Reads whole payloads, as JSON would have them. Until the folder of the schemas can be read, no payload can; the
 * logger warns of that.
 */
export function openAvroDocuments({
  folder,
  framing,
}: Pick<SchemasOptions, "folder" | "framing">): (payload: Buffer) => Document {
  const open = () =>
    openSchemas({ folder, framing, warn: () => {} }, ({ schema }) => createValueReader(schema));
  let schemas: ReturnType<typeof open> | null = null;
  return (payload) => {
    const framed = unframe(payload, framing);
    if (framed === null) return { problem: "Avro framing missing" };
    try {
      schemas ??= open();
    } catch (error) {
      return { problem: errorMessage(error) };
    }
    const readValue = schemas.find(framed.key, Date.now() * 1_000);
    if (readValue === undefined) return { problem: "Avro schema unknown" };
    const found = readValue(framed.body);
    return typeof found === "string" ? { problem: UNREADABLE[found] } : found;
  };
}

const SINGLE_OBJECT_MARK = 0xc301;
const SINGLE_OBJECT_BYTES = 10;
const CONFLUENT_MARK = 0;
const CONFLUENT_BYTES = 5;

/**
 * Separates a payload's value from the key of its schema: a fingerprint in hexadecimal digits, or a number.
 *
 * @returns `null` when the payload has no such framing.
 */
function unframe(payload: Buffer, framing: Framing): { key: string; body: Buffer } | null {
  switch (framing) {
    case "single-object": {
      if (payload.length < SINGLE_OBJECT_BYTES) return null;
      if (payload.readUInt16BE(0) !== SINGLE_OBJECT_MARK) return null;
      const key = payload.toString("hex", 2, SINGLE_OBJECT_BYTES);
      return { key, body: payload.subarray(SINGLE_OBJECT_BYTES) };
    }
    case "confluent": {
      if (payload.length < CONFLUENT_BYTES || payload[0] !== CONFLUENT_MARK) return null;
      const key = String(payload.readUInt32BE(1));
      return { key, body: payload.subarray(CONFLUENT_BYTES) };
    }
  }
}
