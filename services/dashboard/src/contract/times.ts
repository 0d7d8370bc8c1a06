import { z } from "zod";

/** A time of the API: milliseconds since the epoch; the fraction is microseconds. */
export const timeMs = z.number().describe("milliseconds since the epoch, in UTC");

/** A time in the query of a request. */
export const queryTimeMs = z.coerce
  .number()
  .min(0)
  .max(8.64e15)
  .describe("milliseconds since the epoch, in UTC");
