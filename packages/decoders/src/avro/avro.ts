import { decodeRecord, outcomeOf, PAYLOAD_BYTES_MAX, withoutReading } from "@weir/messages";
import type { Decoder } from "../decoder.ts";
import { unframe } from "./framing.ts";
import { openSchemas, type SchemasOptions } from "./schemas.ts";

const OTHER_RECORD = outcomeOf("Avro without a single reading");

/**
 * Avro with its schema named in front. A record with a field `number` is a reading, as in JSON.
 *
 * @throws Fault when the folder of the schemas cannot be read.
 */
export function openAvroDecoder(options: SchemasOptions): Decoder {
  const schemas = openSchemas(options);
  return ({ payload }, times) => {
    if (payload.length === 0) return withoutReading("empty message");
    if (payload.length > PAYLOAD_BYTES_MAX) return withoutReading("payload too large");
    const framed = unframe(payload, options.framing);
    if (framed === null) return withoutReading("Avro framing missing");
    const readFields = schemas.find(framed.key, times.receivedUs);
    if (readFields === undefined) return withoutReading("Avro schema unknown");

    const fields = readFields(framed.body);
    if (fields === "beyond limits") return withoutReading("Avro beyond limits");
    if (fields === "malformed") return withoutReading("not readable by its Avro schema");
    if (fields === null) return withoutReading("Avro without a single reading");
    const decoded = decodeRecord(fields, times);
    const isReading = decoded.outcome.reason !== "number missing";
    return isReading ? decoded : { ...decoded, outcome: OTHER_RECORD };
  };
}
