import { isUtf8 } from "node:buffer";
import {
  type Decoded,
  type DecodeTimes,
  decodeDocument,
  decodeJsonPayload,
  decodeReading,
  decodeStateDocument,
  NUMBER_MAGNITUDE_MAX,
  outcomeOf,
  PAYLOAD_BYTES_MAX,
  textOf,
  withoutReading,
} from "@weir/protocol";
import { type Framing, openAvroDecoder } from "./avro/avro.ts";

/** What a decoder is given of a message. The payload may be a view: it is not kept. */
interface Encoded {
  topic: string;
  payload: Buffer;
}

/** Makes of a payload what can be made of it. Never throws: whatever arrives has an outcome. */
export type Decoder = (message: Encoded, times: DecodeTimes) => Decoded;

const MARK = Buffer.from('"seq"');

/**
 * Finds the place in an outbox's sequence for a decoder that does not look for one. A stream that takes a
 * topic, say an archive of bytes, holds back its receipts until its own ledger has the messages: without
 * this, for ever.
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

/** What a device says: states, other JSON, and plain text where its topics allow it, as `online` and lines of a log. */
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
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?\s*$/i;
const NUMBER_LENGTH_MAX = 128;

/** A number as text, observed when it is received. */
const decodeNumber: Decoder = ({ payload }, { receivedUs }) => {
  if (payload.length === 0) return withoutReading("empty message");
  if (payload.length > PAYLOAD_BYTES_MAX) return withoutReading("payload too large");
  const text = textOf(payload);
  if (text.length > NUMBER_LENGTH_MAX || !NUMBER.test(text)) return withoutReading("not a number");
  const value = Number(text);
  if (!(Math.abs(value) <= NUMBER_MAGNITUDE_MAX)) return withoutReading("number out of range");
  return { outcome: READING, value, observedUs: receivedUs, sequence: null };
};

/** Text in UTF-8, kept as it is. */
const decodeText: Decoder = ({ payload }) => {
  if (payload.length === 0) return withoutReading("empty message");
  return withoutReading(isUtf8(payload) ? "text" : "not UTF-8");
};

/** Bytes, kept as they are. */
const decodeRaw: Decoder = ({ payload }) =>
  withoutReading(payload.length === 0 ? "empty message" : "bytes");

/** Which decoder a stream wants. */
export type DecoderSpec =
  /** `reading` is the payload of `DATA`; `device` what devices say; `json` any JSON, also without a `number`. */
  | { kind: "reading" | "device" | "json" | "number" | "text" | "raw" }
  /** `schemas` is a folder of `*.avsc`. */
  | { kind: "avro"; schemas: string; framing: Framing };

const SIMPLE = {
  reading: ({ payload }, times) => decodeReading(payload, times),
  device: decodeDevice,
  json: decodeJson,
  number: withSequence(decodeNumber),
  text: withSequence(decodeText),
  raw: withSequence(decodeRaw),
} as const satisfies Record<Exclude<DecoderSpec["kind"], "avro">, Decoder>;

/**
 * @param warn called when something that the decoder needs has become worse; it goes on.
 * @throws Fault when it cannot be used at all.
 */
export function openDecoder(spec: DecoderSpec, warn: (problem: string) => void): Decoder {
  if (spec.kind !== "avro") return SIMPLE[spec.kind];
  return withSequence(openAvroDecoder({ folder: spec.schemas, framing: spec.framing, warn }));
}
