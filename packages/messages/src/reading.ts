import { isUtf8 } from "node:buffer";
import { z } from "zod";
import { NUMBER_MAGNITUDE_MAX, PAYLOAD_BYTES_MAX } from "./limits.ts";
import { parseObservedTime } from "./observed-time.ts";
import { type Outcome, outcomeOf, type RejectionReason } from "./outcomes.ts";
import { parseSequence, type Sequence } from "./sequence.ts";
import { readUsualPayload } from "./usual-payload.ts";

/**
 * The payload of `DATA`, as any publisher may send it. `number` and `epochtime` may be numbers or
 * numeric text; further fields are welcome and stored with the payload.
 */
export const dataPayload = z.object({
  // JSON's 1e999 is an infinite number: out of range, which is another reason than unreadable.
  number: z.union([z.number(), z.literal([Infinity, -Infinity]), z.string()]),
  epochtime: z.unknown().optional(),
});

/** What Weir's own publisher sends: epoch seconds as text, as the publishers of the old system did. */
export interface DataPayload {
  number: number;
  epochtime: string;
}

/** A payload's reading: what became of it and, unless it was rejected, its value and time. */
type DecodedReading =
  | { outcome: Outcome; value: number; observedUs: number }
  | { outcome: Outcome; value: null; observedUs: null };

/** A payload after decoding: its reading, and its place in the sequence of an outbox if it has one. */
export type Decoded = DecodedReading & { sequence: Sequence | null };

/** Where decoding takes time from. All in microseconds. */
export interface DecodeTimes {
  /** When the message arrived, since the epoch. */
  receivedUs: number;
  /** How far ahead of reception an observation may lie before its time is not believed. */
  skewUs: number;
}

const READING = outcomeOf("");
const TIME_UNREADABLE = outcomeOf("time missing or unreadable");
const TIME_IN_FUTURE = outcomeOf("time in the future");
const SEQUENCE_UNUSABLE = outcomeOf("publisher, epoch or seq unusable");

const REPLACEMENT = "\uFFFD";
const NUMERIC_TEXT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?$/i;
const NUMERIC_TEXT_LENGTH_MAX = 64;

/** Decodes one payload of `DATA`. Never throws: whatever arrives has an outcome. */
export function decodeReading(payload: Buffer, times: DecodeTimes): Decoded {
  if (payload.length === 0) return rejected("empty payload");
  if (payload.length > PAYLOAD_BYTES_MAX) return rejected("payload too large");

  const usual = readUsualPayload(payload);
  if (usual !== null) return decodeRecord(usual, times);
  const text = payload.toString("utf8");
  // What is no UTF-8 leaves this mark. In a text of single bytes it cannot be, which costs nothing to see.
  if (text.includes(REPLACEMENT) && !isUtf8(payload)) return rejected("not UTF-8");
  const json = parseJson(text);
  if (json === undefined) return rejected("not JSON");
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return rejected("not a JSON object");
  }
  return decodeRecord(json, times);
}

/**
 * Decodes the fields of a payload, whatever they were encoded in. Asks what `dataPayload` asks, and is
 * several times faster; a test holds the one to the other.
 */
export function decodeRecord(record: object, times: DecodeTimes): Decoded {
  const decoded = decodeFields(record as Record<string, unknown>, times);
  const sequence = parseSequence(record);
  if (typeof sequence === "object") decoded.sequence = sequence;
  // A reading has one outcome; what is wrong with the reading itself matters more.
  else if (sequence === "unusable" && decoded.outcome === READING) {
    decoded.outcome = SEQUENCE_UNUSABLE;
  }
  return decoded;
}

function decodeFields({ number, epochtime }: Record<string, unknown>, times: DecodeTimes): Decoded {
  if (number === undefined) return rejected("number missing");
  const value = parseValue(number);
  if (value === null) return rejected("number unreadable");
  if (!(Math.abs(value) <= NUMBER_MAGNITUDE_MAX)) return rejected("number out of range");

  const observedUs = parseObservedTime(epochtime);
  const { receivedUs, skewUs } = times;
  if (observedUs === null) {
    return { outcome: TIME_UNREADABLE, value, observedUs: receivedUs, sequence: null };
  }
  if (observedUs > receivedUs + skewUs) {
    return { outcome: TIME_IN_FUTURE, value, observedUs: receivedUs, sequence: null };
  }
  return { outcome: READING, value, observedUs, sequence: null };
}

function rejected(reason: RejectionReason): Decoded {
  return { outcome: outcomeOf(reason), value: null, observedUs: null, sequence: null };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Bad input is data: the caller stores it with the reason "not JSON".
    return undefined;
  }
}

function parseValue(input: unknown): number | null {
  if (typeof input === "number") return input;
  if (typeof input !== "string") return null;
  const text = input.trim();
  return text.length <= NUMERIC_TEXT_LENGTH_MAX && NUMERIC_TEXT.test(text) ? Number(text) : null;
}
