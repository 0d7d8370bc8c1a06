import { type Outcome, outcomeOf } from "./outcomes.ts";
import { parseTimeText, type WrittenTime } from "./time-text.ts";

/** The times that decoding depends on. */
export interface DecodeTimes {
  /** When the message arrived, in microseconds since the epoch. */
  receivedUs: number;
  /** How far after its reception an observation may lie before its time is replaced, in microseconds. */
  skewUs: number;
  /** The IANA name of the zone that times without a zone are in. UTC unless it is given. */
  timeZone?: string;
}

/** When something was observed: the time that counts, and what is wrong with the given one. */
export interface Observed {
  /** That of a reading, where nothing is wrong. */
  outcome: Outcome;
  /** Microseconds since the epoch. */
  observedUs: number;
}

const READING = outcomeOf("");
const UNREADABLE = outcomeOf("time missing or unreadable");
const IN_FUTURE = outcomeOf("time in the future");
const NEVER_SET = outcomeOf("time before 2001: a clock that was never set");
const ZONE_ASSUMED = outcomeOf("time without a zone");

/** 2001. Clocks that were never set show 1970 or 2000, or count from their start. */
export const OBSERVED_US_MIN: number = Date.UTC(2001, 0, 1) * 1_000;

/**
 * The time of an observation, given in any of the documented forms. A time that cannot be right is replaced by
 * the time of reception.
 */
export function observedAt(input: unknown, times: DecodeTimes): Observed {
  const { receivedUs, skewUs, timeZone = "UTC" } = times;
  const read = readTime(input, receivedUs, timeZone);
  const us = typeof read === "number" ? read : read.us;
  if (us >= OBSERVED_US_MIN && us <= receivedUs + skewUs) {
    const isAssumed = typeof read === "object" && read.isZoneAssumed;
    return { outcome: isAssumed ? ZONE_ASSUMED : READING, observedUs: us };
  }
  return { outcome: troubleOf(us), observedUs: receivedUs };
}

function troubleOf(us: number): Outcome {
  if (Number.isNaN(us)) return UNREADABLE;
  return us < OBSERVED_US_MIN ? NEVER_SET : IN_FUTURE;
}

/**
 * Reads the time of a command or of a command line, in the same forms but those relative to reception. UTC
 * where it names no zone.
 *
 * @returns whole microseconds since the epoch, or `null` for anything else, for a time before 1970 and for
 * one that a double cannot hold exactly.
 */
export function parseStatedTime(input: unknown): number | null {
  const read = readTime(input, Number.NaN, "UTC");
  const us = typeof read === "number" ? read : read.us;
  return Number.isSafeInteger(us) && us >= 0 ? us : null;
}

/** NaN for anything but a time. Where there is no zone to report it is a plain number, which costs no allocation. */
function readTime(input: unknown, receivedUs: number, timeZone: string): number | WrittenTime {
  const given = unwrapDate(input);
  if (typeof given === "number") return microsecondsOf(given, receivedUs);
  if (typeof given !== "string") return Number.NaN;
  const text = given.trim();
  if (isDigits(text) || DECIMAL.test(text)) return microsecondsOf(Number(text), receivedUs);
  return parseTimeText(text, timeZone) ?? Number.NaN;
}

function unwrapDate(input: unknown): unknown {
  const wrapped = typeof input === "object" && input !== null && Object.hasOwn(input, "$date");
  return wrapped ? (input as { $date: unknown }).$date : input;
}

// A plain number is seconds, milliseconds or microseconds by its size: the three ranges do not
// overlap for any time between 1973 and the year 5138.
const SECONDS_BELOW = 1e11;
const MILLISECONDS_BELOW = 1e14;

/** Since the epoch; a negative number is milliseconds before reception. NaN for anything but a time. */
function microsecondsOf(number: number, receivedUs: number): number {
  if (number < 0) return receivedUs + Math.floor(number * 1e3);
  if (number < SECONDS_BELOW) return Math.floor(number * 1e6);
  if (number < MILLISECONDS_BELOW) return Math.floor(number * 1e3);
  return Number.isFinite(number) ? Math.floor(number) : Number.NaN;
}

const DECIMAL = /^-?\d{1,17}(\.\d{1,9})?$/;
const DIGITS_MAX = 17;
const ZERO = 0x30;
const NINE = 0x39;

/** Epoch seconds as publishers send them. Every message is checked, so without a regular expression. */
function isDigits(text: string): boolean {
  if (text.length === 0 || text.length > DIGITS_MAX) return false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < ZERO || code > NINE) return false;
  }
  return true;
}
