import { z } from "zod";
import { jsonOf } from "./outside-text.ts";

/** The windows that statistics are published for: the field of the average and its span in seconds. */
export const WINDOWS = [
  { name: "1min", average: "avg_1min", spanSeconds: 60 },
  { name: "5min", average: "avg_5min", spanSeconds: 300 },
  { name: "30min", average: "avg_30min", spanSeconds: 1_800 },
] as const;

/** The longest window in seconds. */
export const WINDOW_SECONDS_MAX = 1_800;

const average = z.number().nullable();
const windowDetail = z.object({
  count: z.number().int().nonnegative(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  ageSeconds: z.number().nullable(),
});

/** The payload of `STATS`. The averages stand first and unchanged from the old system; an empty window is `null`. */
const statisticsPayload = z.object({
  avg_1min: average,
  avg_5min: average,
  avg_30min: average,
  /** The whole epoch second S at which every window ends, itself included. */
  at: z.number().int(),
  /** The newest stored row in these windows. */
  throughId: z.number().int().nonnegative(),
  /** Committed rows that are not read yet; above 0 only while stats catches up. */
  lagRows: z.number().int().nonnegative(),
  windows: z.object({ "1min": windowDetail, "5min": windowDetail, "30min": windowDetail }),
});

export type Statistics = z.infer<typeof statisticsPayload>;
export type WindowDetail = z.infer<typeof windowDetail>;

/** Reads a payload of `STATS`; `null` for anything else, such as the three averages of the old system alone. */
export function parseStatistics(payload: Buffer): Statistics | null {
  const parsed = statisticsPayload.safeParse(jsonOf(payload));
  return parsed.success ? parsed.data : null;
}
