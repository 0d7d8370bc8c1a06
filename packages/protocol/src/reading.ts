import { isUtf8 } from "node:buffer";
import { type DecodeTimes, observedAt } from "./observed-time.ts";
import { type Outcome, type OutcomeReason, outcomeOf } from "./outcomes.ts";
import { isObject, parseLenientJson, textOf } from "./outside-text.ts";
import { isName, NUMBER_MAGNITUDE_MAX, PAYLOAD_BYTES_MAX } from "./topics.ts";

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

/**
 * The fields that an outbox adds to a payload. `(publisher, epoch, topic, seq)` identifies one message and
 * never another one.
 */
export interface Sequence {
  publisher: string;
  /** One opening of the outbox. */
  epoch: string;
  /** The number of the message in this epoch and topic, from 1. */
  seq: number;
}

/** A payload after decoding: its reading, and its place in the sequence of an outbox if it has one. */
export type Decoded = DecodedReading & { sequence: Sequence | null };

/** The parts of a message that a decoder reads. The payload may be a view: it is not kept. */
interface Encoded {
  topic: string;
  payload: Buffer;
}

/** Decodes a payload. Never throws: every payload has an outcome. */
export type Decoder = (message: Encoded, times: DecodeTimes) => Decoded;

const READING = outcomeOf("");
const SEQUENCE_UNUSABLE = outcomeOf("publisher, epoch or seq unusable");
const NON_FINITE = outcomeOf("NaN or infinity in JSON");

const REPLACEMENT = "\uFFFD";

/** Decodes the JSON of a payload. */
type DecodeJson = (json: unknown, times: DecodeTimes) => Decoded;

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
  const value = parseNumber(number);
  if (value === null) return withoutReading("number unreadable");
  if (!(Math.abs(value) <= NUMBER_MAGNITUDE_MAX)) return withoutReading("number out of range");

  const { outcome, observedUs } = observedAt(epochtime, times);
  return { outcome, value, observedUs, sequence: null };
}

/**
 * The sequence of a parsed payload: "none" unless it has all of the fields, "unusable" for wrong values. The
 * checks are written by hand, since a schema takes many times as long; a test compares them with one.
 */
function parseSequence(record: object): Sequence | "none" | "unusable" {
  const { publisher, epoch, seq } = record as Record<string, unknown>;
  if (publisher === undefined || epoch === undefined || seq === undefined) return "none";
  if (typeof publisher !== "string" || typeof epoch !== "string" || typeof seq !== "number") {
    return "unusable";
  }
  const isValid = Number.isSafeInteger(seq) && seq > 0 && isName(publisher) && isName(epoch);
  return isValid ? { publisher, epoch, seq } : "unusable";
}

/** The result for a payload without a reading. */
export function withoutReading(reason: OutcomeReason): Decoded {
  return { outcome: outcomeOf(reason), value: null, observedUs: null, sequence: null };
}

const NUMERIC_TEXT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?$/i;
const NUMERIC_TEXT_LENGTH_MAX = 128;

/** A number, or the number in a text, possibly between spaces; `null` for anything else. */
export function parseNumber(input: unknown): number | null {
  if (typeof input === "number") return input;
  if (typeof input !== "string") return null;
  const text = input.trim();
  return text.length <= NUMERIC_TEXT_LENGTH_MAX && NUMERIC_TEXT.test(text) ? Number(text) : null;
}

/** The fields of a payload that is written as outboxes and publishers write it. */
interface UsualRecord {
  number: number;
  /** Epoch seconds, in the payload text. */
  epochtime: number;
  publisher?: string;
  epoch?: string;
  seq?: number;
}

const NUMBER = Buffer.from('{"number":');
const EPOCHTIME = Buffer.from(',"epochtime":"');
const PUBLISHER = Buffer.from('","publisher":"');
const EPOCH = Buffer.from('","epoch":"');
const SEQ = Buffer.from('","seq":');

const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const OPENING = 0x7b;
const CLOSING = 0x7d;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const DELETE = 0x7f;

/** A double holds so many digits exactly. */
const DIGITS_MAX = 15;
const NAME_BYTES_MAX = 64;

/**
 * Reads `{"number":42,"epochtime":"1795207143","publisher":"p","epoch":"e","seq":7}`, with or without
 * the last three, as JSON would, in a third of the time. Nearly every reading is written like this. A property
 * test compares it with JSON.
 *
 * @returns `null` for a payload that is written in another way, which is left to JSON.
 */
export function readUsualPayload(payload: Buffer): UsualRecord | null {
  if (payload[0] !== OPENING || !has(payload, NUMBER, 0)) return null;
  const scan: Scan = { payload, at: NUMBER.length };
  const number = readNumber(scan);
  if (number === null || !skip(scan, EPOCHTIME)) return null;
  const epochtime = readDigits(scan);
  if (epochtime === null) return null;
  if (isEnd(scan, QUOTE)) return { number, epochtime };
  if (!skip(scan, PUBLISHER)) return null;
  const publisher = readText(scan);
  if (publisher === null || !skip(scan, EPOCH)) return null;
  const epoch = readText(scan);
  if (epoch === null || !skip(scan, SEQ)) return null;
  const seq = readDigits(scan);
  if (seq === null || !isEnd(scan)) return null;
  return { number, epochtime, publisher, epoch, seq };
}

interface Scan {
  payload: Buffer;
  at: number;
}

function has(payload: Buffer, literal: Buffer, at: number): boolean {
  for (let index = 0; index < literal.length; index += 1) {
    if (payload[at + index] !== literal[index]) return false;
  }
  return true;
}

function skip(scan: Scan, literal: Buffer): boolean {
  if (!has(scan.payload, literal, scan.at)) return false;
  scan.at += literal.length;
  return true;
}

/** Whether the object and the payload end here, after a quote if one is expected. */
function isEnd({ payload, at }: Scan, before: number | null = null): boolean {
  const brace = before === null ? at : at + 1;
  if (before !== null && payload[at] !== before) return false;
  return payload[brace] === CLOSING && brace + 1 === payload.length;
}

/** A number without an exponent; up to 15 digits, so that it equals what JSON reads. */
function readNumber(scan: Scan): number | null {
  const isNegative = scan.payload[scan.at] === MINUS;
  if (isNegative) scan.at += 1;
  const from = scan.at;
  const whole = readDigits(scan);
  if (whole === null) return null;
  if (scan.payload[scan.at] !== POINT) return isNegative ? -whole : whole;

  scan.at += 1;
  let digits = whole;
  let divisor = 1;
  for (let digit = scan.payload[scan.at]; isDigit(digit); digit = scan.payload[scan.at]) {
    digits = digits * 10 + (digit - ZERO);
    divisor *= 10;
    scan.at += 1;
    // The point is one of the bytes.
    if (scan.at - from > DIGITS_MAX + 1) return null;
  }
  // Both are exact, so the quotient is the double nearest to the decimal number.
  return divisor === 1 ? null : (isNegative ? -digits : digits) / divisor;
}

/** A whole number without a sign and, as in JSON, without leading zeros. */
function readDigits(scan: Scan): number | null {
  const from = scan.at;
  let value = 0;
  for (let digit = scan.payload[scan.at]; isDigit(digit); digit = scan.payload[scan.at]) {
    value = value * 10 + (digit - ZERO);
    scan.at += 1;
    if (scan.at - from > DIGITS_MAX) return null;
  }
  const count = scan.at - from;
  if (count === 0 || (count > 1 && scan.payload[from] === ZERO)) return null;
  return value;
}

function isDigit(byte: number | undefined): byte is number {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** Plain ASCII up to the next quote, which is not consumed. */
function readText(scan: Scan): string | null {
  const { payload, at: from } = scan;
  let at = from;
  for (let byte = payload[at]; byte !== QUOTE; at += 1, byte = payload[at]) {
    if (byte === undefined || byte < SPACE || byte >= DELETE || byte === BACKSLASH) return null;
    if (at - from > NAME_BYTES_MAX) return null;
  }
  scan.at = at;
  return payload.toString("latin1", from, at);
}
