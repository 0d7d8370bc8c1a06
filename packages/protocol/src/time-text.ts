/** A time that was written as text. */
export interface WrittenTime {
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
export function parseTimeText(text: string, timeZone: string): WrittenTime | null {
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

const ZERO = 0x30;

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
  const us = ms * 1_000 + (fraction === undefined ? 0 : microsecondsOf(fraction));
  // A leap second ends a day of UTC. As in POSIX it counts as the first second of the next day.
  if (second === 60 && Math.abs(us % US_PER_DAY) >= US_PER_SECOND) return null;
  return { us, isZoneAssumed: zone === undefined };
}

/** Digits beyond microseconds are cut off. */
function microsecondsOf(fraction: string): number {
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
