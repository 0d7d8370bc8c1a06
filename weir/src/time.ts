import { parseStatedTime } from "@weir/protocol";
import { millisecondsOf } from "@weir/runtime";

/** How `parseTime` wants times, for `--help` and for errors. */
export const TIME_FORMS =
  "ISO 8601 (in --time-zone unless it names an offset), epoch seconds, milliseconds or microseconds, -2h, '2 hours ago' (s, m, h, d, w) or now; from 1970 to 2255";

const BEFORE = /^-(?<amount>\d{1,12}(\.\d{1,6})?) ?(?<unit>ms|[smhdw])$/;
const AGO =
  /^(?<amount>\d{1,12}(\.\d{1,6})?) ?(?<unit>[smhdw]|(second|minute|hour|day|week)s?) ago$/;

/**
 * A time as people and programs write it.
 *
 * @param timeZone the IANA name of the zone for a time that names none.
 * @returns microseconds since the epoch, 0 for anything before it; `null` for what is no time.
 */
export function parseTime(text: string, nowUs: number, timeZone: string): number | null {
  if (text === "now") return nowUs;
  const past = (BEFORE.exec(text) ?? AGO.exec(text))?.groups;
  if (past === undefined) return parseStatedTime(text, timeZone);
  const { amount = "", unit = "" } = past;
  const letters = unit === "ms" ? unit : unit.charAt(0);
  return Math.max(0, nowUs - Math.round(millisecondsOf(amount + letters) * 1_000));
}

/** From a time on and before another, in microseconds since the epoch. */
export interface TimeSpan {
  fromUs: number;
  toUs: number;
}

const DATE = /^\d{4}-\d\d-\d\d$/;

/**
 * A whole day of a time zone, which may have 23 or 25 hours.
 *
 * @param text "today", "yesterday" or a date.
 * @returns `null` for what is no day, and for a day that the zone has left out.
 */
export function dayOf(text: string, nowUs: number, timeZone: string): TimeSpan | null {
  const date = dateOf(text, nowUs, timeZone);
  if (date === null) return null;
  const fromUs = midnightUs(date, timeZone);
  const toUs = midnightUs(date.add({ days: 1 }), timeZone);
  return fromUs < toUs ? { fromUs, toUs } : null;
}

function dateOf(text: string, nowUs: number, timeZone: string): Temporal.PlainDate | null {
  const today = zonedTime(nowUs, timeZone).toPlainDate();
  if (text === "today") return today;
  if (text === "yesterday") return today.subtract({ days: 1 });
  // It knows which dates there are.
  const isDate = DATE.test(text) && parseStatedTime(text) !== null;
  return isDate ? Temporal.PlainDate.from(text) : null;
}

/** The first moment of a day: where the clocks skip midnight, that is 01:00. */
function midnightUs(date: Temporal.PlainDate, timeZone: string): number {
  return date.toZonedDateTime(timeZone).epochMilliseconds * 1_000;
}

function zonedTime(us: number, timeZone: string): Temporal.ZonedDateTime {
  return new Temporal.ZonedDateTime(BigInt(us) * 1_000n, timeZone);
}

/** A time for people: in UTC with a Z, in another time zone with its offset. @param digits of the second. */
export function timeText(us: number, timeZone: string, digits: 0 | 6 = 6): string {
  const text = zonedTime(us, timeZone).toString({
    timeZoneName: "never",
    fractionalSecondDigits: digits,
  });
  return timeZone === "UTC" ? text.replace("+00:00", "Z") : text;
}
