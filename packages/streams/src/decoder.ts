import { isUtf8 } from "node:buffer";
import {
  type Decoded,
  type Decoder,
  type DecodeTimes,
  decodeDocument,
  decodeJsonPayload,
  decodeReading,
  decodeStateDocument,
  NUMBER_MAGNITUDE_MAX,
  outcomeOf,
  PAYLOAD_BYTES_MAX,
  parseNumber,
  textOf,
  withoutReading,
} from "@weir/protocol";
import { openAvroDecoder } from "./avro.ts";
import type { Framing } from "./avro-schemas.ts";

const MARK = Buffer.from('"seq"');

/**
 * Reads the sequence of an outbox for a decoder that does not. Receipts wait until the ledger of each stream
 * of a topic has the message: without this, an archive of bytes would hold them back forever.
 */
function withSequence(decode: Decoder): Decoder {
  return (message, times) => {
    const decoded = decode(message, times);
    const { payload } = message;
    if (decoded.sequence !== null || !payload.includes(MARK)) return decoded;
    const { sequence } = decodeReading(payload, times);
    return sequence === null ? decoded : { ...decoded, sequence };
  };
}

const STATE = "/state";
/** Topics of a device that carry JSON and nothing else. */
const JSON_ONLY = /\/(state|command|command\/ack)$/;

/** The messages of a device: states, other JSON, and on some topics plain text, such as `online` and log lines. */
const decodeDevice: Decoder = (message, times) => {
  const { topic, payload } = message;
  const decode = topic.endsWith(STATE) ? decodeStateDocument : decodeDocument;
  const decoded = decodeJsonPayload(payload, times, decode);
  const isText = decoded.outcome.reason === "not JSON" && !JSON_ONLY.test(topic);
  return isText ? decodeText(message, times) : decoded;
};

/** Any JSON: a reading where it has a `number` at its top level. */
const decodeJson: Decoder = ({ payload }, times) =>
  decodeJsonPayload(payload, times, decodeDocument);

const READING = outcomeOf("");

/** A payload as what it is: JSON, a number, text or bytes. Nothing is rejected but what is too large. */
const decodeAuto: Decoder = (message, times) => {
  const { payload } = message;
  const decoded = decodeJsonPayload(payload, times, decodeNumberOrDocument);
  switch (decoded.outcome.reason) {
    case "not UTF-8":
      return withoutReading("bytes");
    case "not JSON": {
      const number = decodeNumber(message, times);
      return number.value === null ? decodeText(message, times) : number;
    }
    default:
      return decoded;
  }
};

/** A number that stands alone is a reading of its reception. */
function decodeNumberOrDocument(json: unknown, times: DecodeTimes): Decoded {
  if (typeof json !== "number" || !(Math.abs(json) <= NUMBER_MAGNITUDE_MAX)) {
    return decodeDocument(json, times);
  }
  return { outcome: READING, value: json, observedUs: times.receivedUs, sequence: null };
}

/** A number as text, observed when it is received. */
const decodeNumber: Decoder = ({ payload }, { receivedUs }) => {
  if (payload.length === 0) return withoutReading("empty message");
  if (payload.length > PAYLOAD_BYTES_MAX) return withoutReading("payload too large");
  const value = parseNumber(textOf(payload));
  if (value === null) return withoutReading("not a number");
  if (!(Math.abs(value) <= NUMBER_MAGNITUDE_MAX)) return withoutReading("number out of range");
  return { outcome: READING, value, observedUs: receivedUs, sequence: null };
};

/** Text in UTF-8, stored unchanged. */
const decodeText: Decoder = ({ payload }) => {
  if (payload.length === 0) return withoutReading("empty message");
  return withoutReading(isUtf8(payload) ? "text" : "not UTF-8");
};

/** Bytes, stored unchanged. */
const decodeRaw: Decoder = ({ payload }) =>
  withoutReading(payload.length === 0 ? "empty message" : "bytes");

/** The decoder of a stream. */
export type DecoderSpec =
  /**
   * `auto` takes each payload as what it is; `reading` is the payload of `DATA`; `device` all messages of devices;
   * `json` any JSON, also without a `number`.
   */
  | { kind: "auto" | "reading" | "device" | "json" | "number" | "text" | "raw" }
  /** `schemas` is a folder of `*.avsc`. */
  | { kind: "avro"; schemas: string; framing: Framing };

const SIMPLE = {
  auto: decodeAuto,
  reading: ({ payload }, times) => decodeReading(payload, times),
  device: decodeDevice,
  json: decodeJson,
  number: withSequence(decodeNumber),
  text: withSequence(decodeText),
  raw: withSequence(decodeRaw),
} as const satisfies Record<Exclude<DecoderSpec["kind"], "avro">, Decoder>;

/**
 * @param warn called when files that the decoder needs become unreadable; it continues.
 * @throws Fault when they cannot be read at first.
 */
export function openDecoder(spec: DecoderSpec, warn: (problem: string) => void): Decoder {
  if (spec.kind !== "avro") return SIMPLE[spec.kind];
  return withSequence(openAvroDecoder({ folder: spec.schemas, framing: spec.framing, warn }));
}
