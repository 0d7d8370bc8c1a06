import { z } from "zod";

/** A time of the API: milliseconds since the epoch; the fraction is microseconds. */
export const timeMs = z.number().describe("milliseconds since the epoch, in UTC");

/** Later ones are no whole microseconds any more: it is in the year 2255. */
const TIME_MS_MAX = 9e12;

/** A time in the body of a request. */
export const givenTimeMs = z
  .number()
  .min(0)
  .max(TIME_MS_MAX)
  .describe(timeMs.description ?? "");

/** A time in the query of a request. */
export const queryTimeMs = z.coerce
  .number()
  .min(0)
  .max(TIME_MS_MAX)
  .describe(timeMs.description ?? "");

/** A time of the API in whole microseconds, as the store has them. */
export const usOf = (ms: number): number => Math.round(ms * 1_000);
