import { timeZoneProblem } from "@weir/streams";
import { z } from "zod";

const HOURS = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

/** Hours of each day, as a file has them: `22:00-07:00`. */
export const dailyHours = z
  .string()
  .regex(HOURS, "hours are written 22:00-07:00")
  .refine((text) => text.slice(0, 5) !== text.slice(6), "they begin and end at different times");

/** A time zone, as a file has it. */
export const timeZone = z.string().superRefine((name, context) => {
  const message = timeZoneProblem(name);
  if (message !== null) context.addIssue({ code: "custom", message });
});

/** Hours of each day in a time zone. The first minute belongs to them, the last one does not. */
export class DailyHours {
  readonly #fromMinute: number;
  readonly #toMinute: number;
  readonly #format: Intl.DateTimeFormat;

  /** @param hours as `dailyHours` has checked them. */
  constructor(hours: string, zone: string) {
    const [, fromHour, from, toHour, to] = HOURS.exec(hours) ?? [];
    this.#fromMinute = Number(fromHour) * 60 + Number(from);
    this.#toMinute = Number(toHour) * 60 + Number(to);
    this.#format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  }

  /** Whether a time is within them, in milliseconds since the epoch. */
  holds(atMs: number): boolean {
    const minute = this.#minuteOf(atMs);
    return this.#fromMinute < this.#toMinute
      ? minute >= this.#fromMinute && minute < this.#toMinute
      : minute >= this.#fromMinute || minute < this.#toMinute;
  }

  /**
   * When they end next, in milliseconds since the epoch. On a day on which the clocks change it may be early:
   * ask again then.
   */
  endAfter(atMs: number): number {
    const startMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    const roughMs = startMs + this.#untilEnd(startMs) * MINUTE_MS;
    const missing = this.#untilEnd(roughMs) % DAY_MINUTES;
    // The clocks have changed in between: forward is too late, back too early.
    const shift = missing > DAY_MINUTES / 2 ? missing - DAY_MINUTES : missing;
    return Math.max(startMs + MINUTE_MS, roughMs + shift * MINUTE_MS);
  }

  /** Minutes, 1 to a day. */
  #untilEnd(atMs: number): number {
    return ((this.#toMinute - this.#minuteOf(atMs) + DAY_MINUTES - 1) % DAY_MINUTES) + 1;
  }

  #minuteOf(atMs: number): number {
    const [hour, minute] = this.#format.format(atMs).split(":");
    return Number(hour) * 60 + Number(minute);
  }
}
