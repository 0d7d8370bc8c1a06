import { spreadOf } from "./statistics.ts";

/**
 * How much samples that were taken at even intervals have grown: the median of the last quarter over
 * that of the second. The first one is the start.
 */
export function growthOf(samples: readonly number[]): number {
  const quarter = Math.floor(samples.length / 4);
  const second = spreadOf(samples.slice(quarter, 2 * quarter));
  const last = spreadOf(samples.slice(-quarter));
  return quarter === 0 || second === null || last === null
    ? Number.NaN
    : last.median / second.median;
}
