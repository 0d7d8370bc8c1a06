import { type Outcome, outcomeOf } from "./outcomes.ts";

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
 * Reads the time of a command or of a command line, in the same forms but those relative to reception.
 *
 * @param timeZone the IANA name of the zone for a time that names none.
 * @returns whole microseconds since the epoch, or `null` for anything else, for a time before 1970 and for
 * one that a double cannot hold exactly.
 */
export function parseStatedTime(input: unknown, timeZone = "UTC"): number | null {
  const read = readTime(input, Number.NaN, timeZone);
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

/** A time that was written as text. */
interface WrittenTime {
  /** Since the epoch; beyond 2^53 it is not exact. */
  us: number;
  /** Whether the text named no zone, so that it was read in the zone of the stream. */
  isZoneAssumed: boolean;
}

/** Longer texts are no times. */
const LENGTH_MAX = 64;

/** ISO 8601 as devices write it: with or without hyphens and colons, seconds, a fraction, a zone. */
const ISO_8601 =
  /^(\d{4})(-?)(\d\d)\2(\d\d)(?:[T ](\d\d)(:?)(\d\d)(?:\6(\d\d)(?:[.,](\d+))?)? ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?$/i;
/** RFC 2822, 3.3: the date of mails and of HTTP. A comment at its end is ignored. */
const RFC_2822 =
  /^(?:([a-z]{3}),\s*)?(\d{1,2})\s+([a-z]{3})\s+(\d{4})\s+(\d\d):(\d\d)(?::(\d\d))?\s+(UTC?|GMT|Z|[ECMP][SD]T|[+-]\d{4})(?:\s*\([^()]*\))?$/i;

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
/** The hours of the American zones of RFC 2822. */
const AMERICAN_HOURS: Readonly<Record<string, number>> = { E: -5, C: -6, M: -7, P: -8 };

const MS_PER_MINUTE = 60_000;
const US_PER_SECOND = 1_000_000;
const US_PER_DAY = 86_400 * US_PER_SECOND;

/**
 * Reads ISO 8601 and RFC 2822. A day or hour that does not exist is refused and does not roll over.
 *
 * @param timeZone the IANA name of the zone for a text that names none.
 * @returns `null` for anything else.
 */
function parseTimeText(text: string, timeZone: string): WrittenTime | null {
  if (text.length > LENGTH_MAX) return null;
  return parseIso8601(text, timeZone) ?? parseRfc2822(text, timeZone);
}

function parseIso8601(text: string, timeZone: string): WrittenTime | null {
  const found = ISO_8601.exec(text);
  if (found === null) return null;
  const fields = {
    year: wholeOf(found[1]),
    month: wholeOf(found[3]),
    day: wholeOf(found[4]),
    hour: wholeOf(found[5]),
    minute: wholeOf(found[7]),
    second: wholeOf(found[8]),
    fraction: found[9],
  };
  return compose(fields, found[10], timeZone);
}

function parseRfc2822(text: string, timeZone: string): WrittenTime | null {
  const found = RFC_2822.exec(text);
  if (found === null) return null;
  const fields = {
    day: wholeOf(found[2]),
    month: MONTHS.indexOf(found[3]?.toLowerCase() ?? "") + 1,
    year: wholeOf(found[4]),
    hour: wholeOf(found[5]),
    minute: wholeOf(found[6]),
    second: wholeOf(found[7]),
    fraction: undefined,
  };
  const weekday = found[1]?.toLowerCase() ?? WEEKDAYS[weekdayOf(fields)];
  return weekday === WEEKDAYS[weekdayOf(fields)] ? compose(fields, found[8], timeZone) : null;
}

/** The number of some digits; 0 where there are none. `Number` takes several times as long. */
function wholeOf(digits: string | undefined): number {
  if (digits === undefined) return 0;
  let whole = 0;
  for (let index = 0; index < digits.length; index += 1) {
    whole = whole * 10 + (digits.charCodeAt(index) - ZERO);
  }
  return whole;
}

interface CalendarDate {
  year: number;
  month: number;
  day: number;
}

interface WrittenFields extends CalendarDate {
  hour: number;
  minute: number;
  second: number;
  /** The digits behind the decimal sign. */
  fraction: string | undefined;
}

function compose(
  fields: WrittenFields,
  zone: string | undefined,
  timeZone: string,
): WrittenTime | null {
  if (!isOnCalendar(fields) || !isOnClock(fields)) return null;
  const { hour, minute, second, fraction } = fields;
  const localMs = dayMs(fields) + ((hour * 60 + minute) * 60 + second) * 1_000;
  const ms = zone === undefined ? inZone(localMs, timeZone) : withOffset(localMs, zone);
  if (ms === null) return null;
  const us = ms * 1_000 + (fraction === undefined ? 0 : fractionUs(fraction));
  // A leap second ends a day of UTC. As in POSIX it counts as the first second of the next day.
  if (second === 60 && Math.abs(us % US_PER_DAY) >= US_PER_SECOND) return null;
  return { us, isZoneAssumed: zone === undefined };
}

/** Digits beyond microseconds are cut off. */
function fractionUs(fraction: string): number {
  const digits = Math.min(fraction.length, 6);
  return wholeOf(fraction.slice(0, digits)) * 10 ** (6 - digits);
}

function isOnCalendar({ year, month, day }: CalendarDate): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  if (month !== 2)
    return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
  const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= (isLeapYear ? 29 : 28);
}

function isOnClock({ hour, minute, second, fraction }: WrittenFields): boolean {
  // ISO 8601: 24:00 is the end of the day.
  if (hour === 24) return minute === 0 && second === 0 && !/[1-9]/.test(fraction ?? "");
  return hour < 24 && minute < 60 && second <= 60;
}

/** The calendar repeats after 400 years. `Date.UTC` reads the years 0 to 99 as 1900 to 1999. */
const CYCLE_YEARS = 400;
const CYCLE_MS = 146_097 * 86_400_000;

function dayMs({ year, month, day }: CalendarDate): number {
  return Date.UTC(year + CYCLE_YEARS, month - 1, day) - CYCLE_MS;
}

function weekdayOf(date: CalendarDate): number {
  return new Date(dayMs(date)).getUTCDay();
}

function withOffset(localMs: number, zone: string): number | null {
  if (zone === "Z") return localMs;
  const first = zone.charAt(0).toUpperCase();
  if (first !== "+" && first !== "-") return localMs - namedOffsetMinutes(zone) * MS_PER_MINUTE;
  const hours = wholeOf(zone.slice(1, 3));
  const minutes = zone.length > 3 ? wholeOf(zone.slice(-2)) : 0;
  if (hours > 23 || minutes > 59) return null;
  const offset = (hours * 60 + minutes) * MS_PER_MINUTE;
  return first === "+" ? localMs - offset : localMs + offset;
}

function namedOffsetMinutes(zone: string): number {
  if (zone.length !== 3) return 0;
  const [first = "", season] = zone.toUpperCase();
  const hours = AMERICAN_HOURS[first];
  if (hours === undefined) return 0;
  return (season === "D" ? hours + 1 : hours) * 60;
}

/**
 * A time of day that occurs twice, in autumn, is the first of both; one that is skipped, in spring, is read
 * with the offset before: 02:30 is 03:30.
 */
function inZone(localMs: number, timeZone: string): number {
  if (timeZone === "UTC") return localMs;
  return Temporal.Instant.fromEpochMilliseconds(localMs)
    .toZonedDateTimeISO("UTC")
    .toPlainDateTime()
    .toZonedDateTime(timeZone, { disambiguation: "compatible" }).epochMilliseconds;
}
