import { Cron } from "croner";

/** The times of a timer. All in milliseconds since the epoch. */
export interface Recurrence {
  /** The first one after a time. @param lastMs the one before, if there was one. */
  after(ms: number, lastMs: number | null): number;
  /** The newest one up to a time. @param nextMs one of them, which is not later. */
  newestUpTo(ms: number, nextMs: number): number;
}

export function everyMs(intervalMs: number): Recurrence {
  const newestUpTo = (ms: number, oneMs: number): number =>
    oneMs + Math.floor((ms - oneMs) / intervalMs) * intervalMs;
  return {
    after: (ms, lastMs) => newestUpTo(ms, lastMs ?? ms) + intervalMs,
    newestUpTo,
  };
}

/** Five fields, or six with seconds; @daily and the like. Not a date, which croner takes, too. */
const CRON = /^\s*(@\w+|\S+(\s+\S+){4,5})\s*$/;

/**
 * The times of a cron expression by the clocks of a zone. A time that spring skips is at the end of the gap; one that
 * autumn repeats is once, but for expressions with a step or a wildcard in the hours or minutes.
 *
 * @throws Error saying what is wrong with it.
 */
export function cronTimes(expression: string, timezone: string): Recurrence {
  if (!CRON.test(expression)) {
    throw new Error("write minute, hour, day, month and weekday: 30 7 * * mon-fri");
  }
  // Without a function it computes, and starts nothing.
  const cron = new Cron(expression, {
    timezone,
    mode: "5-or-6-parts",
    fixedTimeRule: "no-wildcard",
  });
  if (cron.nextRun() === null) throw new Error("there is no such time");
  return {
    after: (ms) => cron.nextRun(new Date(ms))?.getTime() ?? Number.MAX_SAFE_INTEGER,
    newestUpTo: (ms, nextMs) => {
      // Exclusive of the time that it is given.
      const [newest] = cron.previousRuns(1, new Date(ms + 1));
      return Math.max(nextMs, newest?.getTime() ?? nextMs);
    },
  };
}
