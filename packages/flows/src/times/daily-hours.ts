import { timeZoneProblem } from "@weir/streams";
import { z } from "zod";

const HOURS = /^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Zones change their offset at whole quarters of an hour. */
const QUARTER_MS = 15 * MINUTE_MS;
/** In the order of `Date`. */
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
type Weekday = (typeof WEEKDAYS)[number];

/** Hours of each day, as a file has them: `22:00-07:00`. */
export const dailyHours = z
  .string()
  .regex(HOURS, "hours are written 22:00-07:00")
  .refine((text) => text.slice(0, 5) !== text.slice(6), "they begin and end at different times");

export const weekdays = z.array(z.enum(WEEKDAYS)).min(1).max(WEEKDAYS.length);

/** A time zone, as a file has it. */
export const timeZone = z.string().superRefine((name, context) => {
  const message = timeZoneProblem(name);
  if (message !== null) context.addIssue({ code: "custom", message });
});

/** Hours of each day in a time zone. The first minute belongs to them, the last one does not. */
export class DailyHours {
  readonly #fromMinute: number;
  readonly #toMinute: number;
  readonly #zone: string;
  /** By weekday, whether they begin on it. */
  readonly #begins: readonly boolean[];
  #quarter = Number.NaN;
  #offsetMs = 0;

  /**
   * @param hours as `dailyHours` has checked them.
   * @param days on which they begin: those over midnight end on the next one.
   */
  constructor(hours: string, zone: string, days: readonly Weekday[] = WEEKDAYS) {
    const [from = 0, to = 0] = hours.split("-").map(minuteOf);
    this.#fromMinute = from;
    this.#toMinute = to;
    this.#zone = zone;
    this.#begins = WEEKDAYS.map((day) => days.includes(day));
  }

  /** Whether a time is within them, in milliseconds since the epoch. */
  holds(atMs: number): boolean {
    const localMs = atMs + this.#offsetAt(atMs);
    const day = Math.floor(localMs / DAY_MS);
    const minute = Math.floor((localMs - day * DAY_MS) / MINUTE_MS);
    const [from, to] = [this.#fromMinute, this.#toMinute];
    if (from < to) return minute >= from && minute < to && this.#beginOn(day);
    return (minute >= from && this.#beginOn(day)) || (minute < to && this.#beginOn(day - 1));
  }

  /** When they end next, in milliseconds since the epoch; an end that the clocks skip is after the gap. */
  endAfter(atMs: number): number {
    const today = this.#zoned(atMs).toPlainDate();
    for (let days = 0; ; days += 1) {
      // 24:00 is the beginning of the next day.
      const day = today.add({ days: days + Math.floor(this.#toMinute / 1_440) });
      const plainTime = { hour: Math.floor(this.#toMinute / 60) % 24, minute: this.#toMinute % 60 };
      const { epochMilliseconds } = day.toZonedDateTime({ timeZone: this.#zone, plainTime });
      if (epochMilliseconds > atMs) return epochMilliseconds;
    }
  }

  #beginOn(day: number): boolean {
    // 1 January 1970 was a Thursday.
    return this.#begins[(day + 4) % WEEKDAYS.length] === true;
  }

  #offsetAt(atMs: number): number {
    const quarter = Math.floor(atMs / QUARTER_MS);
    if (quarter !== this.#quarter) {
      this.#quarter = quarter;
      this.#offsetMs = this.#zoned(quarter * QUARTER_MS).offsetNanoseconds / 1e6;
    }
    return this.#offsetMs;
  }

  #zoned(atMs: number): Temporal.ZonedDateTime {
    return Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(this.#zone);
  }
}

function minuteOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  return 60 * hour + minute;
}
