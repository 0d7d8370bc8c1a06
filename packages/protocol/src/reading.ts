import { isUtf8 } from "node:buffer";
import { type DecodeTimes, observedAt } from "./observed-time.ts";
import { type Outcome, type OutcomeReason, outcomeOf } from "./outcomes.ts";
import { parseLenientJson, textOf } from "./outside-text.ts";
import { parseSequence, type Sequence } from "./receipt.ts";
import { NUMBER_MAGNITUDE_MAX, PAYLOAD_BYTES_MAX } from "./topics.ts";
import { readUsualPayload } from "./usual-payload.ts";

/**
 * The payload of `DATA` that Weir's publisher sends: epoch seconds as text, as in the old system. Of other
 * publishers, `number` and `epochtime` may be numbers or numeric text. Further fields are stored with the payload.
 */
export interface DataPayload {
  number: number;
  epochtime: string;
}

/** The result of decoding: of a reading with its value and time, of a device's state with its time. */
type DecodedReading =
  | { outcome: Outcome; value: number; observedUs: number }
  | { outcome: Outcome; value: null; observedUs: number | null };

/** A payload after decoding: its reading, and its place in the sequence of an outbox if it has one. */
export type Decoded = DecodedReading & { sequence: Sequence | null };

const READING = outcomeOf("");
const SEQUENCE_UNUSABLE = outcomeOf("publisher, epoch or seq unusable");
const NON_FINITE = outcomeOf("NaN or infinity in JSON");

const REPLACEMENT = "\uFFFD";

/** Decodes the JSON of a payload. */
export type DecodeJson = (json: unknown, times: DecodeTimes) => Decoded;

/** Decodes one payload of `DATA`. Never throws: whatever arrives has an outcome. */
export function decodeReading(payload: Buffer, times: DecodeTimes): Decoded {
  return decodeJsonPayload(payload, times, decodeJsonReading);
}

/** Decodes a payload of JSON, by `decode` unless it is the usual reading. Never throws unless `decode` does. */
export function decodeJsonPayload(
  payload: Buffer,
  times: DecodeTimes,
  decode: DecodeJson,
): Decoded {
  if (payload.length === 0) return withoutReading("empty message");
  if (payload.length > PAYLOAD_BYTES_MAX) return withoutReading("payload too large");

  const usual = readUsualPayload(payload);
  if (usual !== null) return decodeRecord(usual, times);
  const text = textOf(payload);
  // Bytes that are not UTF-8 leave this character. V8 knows at once that a Latin-1 string does not contain it.
  if (text.includes(REPLACEMENT) && !isUtf8(payload)) return withoutReading("not UTF-8");
  const { json, hasNonFinite } = parseLenientJson(text);
  if (json === undefined) return withoutReading("not JSON");
  const decoded = decode(json, times);
  if (hasNonFinite && isFine(decoded)) decoded.outcome = NON_FINITE;
  return decoded;
}

/** A payload has one outcome: a problem of its time takes precedence. */
function isFine({ outcome: { kind } }: Decoded): boolean {
  return kind === "reading" || kind === "message";
}

function decodeJsonReading(json: unknown, times: DecodeTimes): Decoded {
  return isObject(json) ? decodeRecord(json, times) : withoutReading("not a JSON object");
}

const DOCUMENT = outcomeOf("JSON without a single reading");

/** Any JSON: a reading where it has a `number` at its top level, a document elsewhere. */
export function decodeDocument(json: unknown, times: DecodeTimes): Decoded {
  const decoded = decodeJsonReading(json, times);
  const { reason } = decoded.outcome;
  if (reason === "number missing" || reason === "not a JSON object") decoded.outcome = DOCUMENT;
  return decoded;
}

function isObject(json: unknown): json is object {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/**
 * Decodes the fields of a payload of any encoding. The checks are written by hand, since a schema takes several
 * times as long; a test compares them with one.
 */
export function decodeRecord(record: object, times: DecodeTimes): Decoded {
  const decoded = decodeFields(record as Record<string, unknown>, times);
  const sequence = parseSequence(record);
  if (typeof sequence === "object") decoded.sequence = sequence;
  // A reading has one outcome: a problem of the reading itself takes precedence.
  else if (sequence === "unusable" && decoded.outcome === READING) {
    decoded.outcome = SEQUENCE_UNUSABLE;
  }
  return decoded;
}

function decodeFields({ number, epochtime }: Record<string, unknown>, times: DecodeTimes): Decoded {
  if (number === undefined) return withoutReading("number missing");
  const value = parseValue(number);
  if (value === null) return withoutReading("number unreadable");
  if (!(Math.abs(value) <= NUMBER_MAGNITUDE_MAX)) return withoutReading("number out of range");

  const { outcome, observedUs } = observedAt(epochtime, times);
  return { outcome, value, observedUs, sequence: null };
}

/** The result for a payload without a reading. */
export function withoutReading(reason: OutcomeReason): Decoded {
  return { outcome: outcomeOf(reason), value: null, observedUs: null, sequence: null };
}

function parseValue(input: unknown): number | null {
  if (typeof input === "number") return input;
  return typeof input === "string" ? parseNumber(input) : null;
}

const NUMERIC_TEXT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?$/i;
const NUMERIC_TEXT_LENGTH_MAX = 128;

/** The number in a text, possibly between spaces; `null` for anything else. */
export function parseNumber(input: string): number | null {
  const text = input.trim();
  return text.length <= NUMERIC_TEXT_LENGTH_MAX && NUMERIC_TEXT.test(text) ? Number(text) : null;
}
