import {
  type Decoded,
  type DecodeTimes,
  decodeRecord,
  outcomeOf,
  PAYLOAD_BYTES_MAX,
} from "@weir/messages";
import type { Type } from "avsc";
import type { Decoder } from "../decoder.ts";
import { withoutReading } from "../without-reading.ts";
import { boundsOf } from "./bounds.ts";
import { unframe } from "./framing.ts";
import { openSchemas, type SchemasOptions } from "./schemas.ts";

const RECORD = outcomeOf("Avro without a single reading");

/**
 * Avro with its schema named in front. A record with a field `number` is a reading, as in JSON.
 *
 * @throws Fault when the folder of the schemas cannot be read.
 */
export function openAvroDecoder(options: SchemasOptions): Decoder {
  const schemas = openSchemas(options);
  return ({ payload }, times) => {
    if (payload.length === 0) return withoutReading("empty payload");
    if (payload.length > PAYLOAD_BYTES_MAX) return withoutReading("payload too large");
    const framed = unframe(payload, options.framing);
    if (framed === null) return withoutReading("Avro framing missing");
    const type = schemas.find(framed.key);
    if (type === undefined) return withoutReading("Avro schema unknown");
    switch (boundsOf(type, framed.body)) {
      case "beyond limits":
        return withoutReading("Avro beyond limits");
      case "malformed":
        return withoutReading("not readable by its Avro schema");
      case "sound":
        return decodeBody(type, framed.body, times);
    }
  };
}

function decodeBody(type: Type, body: Buffer, times: DecodeTimes): Decoded {
  const value = parse(type, body);
  if (value === undefined) return withoutReading("not readable by its Avro schema");
  if (typeof value !== "object" || value === null) {
    return withoutReading("Avro without a single reading");
  }
  const decoded = decodeRecord(value, times);
  return decoded.outcome.reason === "number missing" ? { ...decoded, outcome: RECORD } : decoded;
}

/** @returns `undefined` for what the library does not take, such as a number beyond a double. */
function parse(type: Type, body: Buffer): unknown {
  try {
    return type.fromBuffer(body);
  } catch {
    // Bad input is data: the caller stores it with the reason.
    return undefined;
  }
}
