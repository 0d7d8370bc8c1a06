import { increaseOf, type PartialBucket, type Sample } from "./partial.ts";
import type { PartialBuckets } from "./partial-buckets.ts";

/** What a series was like in a span of time. Without points, all but the times and the count is `null`. */
export interface Bucket {
  /** Microseconds since the epoch; the beginning belongs to the bucket. */
  fromUs: number;
  /** The end does not belong to it. */
  toUs: number;
  count: number;
  min: number | null;
  max: number | null;
  average: number | null;
  /** Each value weighs as long as it held. Of a state it is the share of the time in which that was 1. */
  timeWeightedAverage: number | null;
  first: Sample | null;
  last: Sample | null;
  /** By how much a counter grew since the point before the bucket. */
  increase: number | null;
  /** How often a state changed since the point before the bucket. */
  transitions: number | null;
}

/**
 * Answers from the parts of a series.
 *
 * @param partials between each two `edges`. The first one only gives the value before the first bucket.
 * @param nowUs a value holds no longer than until now.
 */
export function bucketsOf(
  partials: PartialBuckets,
  edges: readonly number[],
  nowUs: number,
): Bucket[] {
  const buckets: Bucket[] = [];
  let before: Sample | null = null;
  // After a gap it is not known how long the value before it held.
  let held: Sample | null = null;
  for (let index = 0; index + 1 < edges.length; index += 1) {
    const fromUs = edges[index] as number;
    const toUs = edges[index + 1] as number;
    const partial = partials.at(index);
    if (index > 0) {
      if (partial === null) buckets.push(emptyBucket(fromUs, toUs));
      else {
        const timeWeightedAverage = timeWeighted(partial, held, { fromUs, toUs, nowUs });
        buckets.push({ fromUs, toUs, timeWeightedAverage, ...summary(partial, before) });
      }
    }
    held = partial?.last ?? null;
    before = held ?? before;
  }
  return buckets;
}

function summary(partial: PartialBucket, before: Sample | null) {
  const { count, sum, min, max, first, last, increase, transitions } = partial;
  return {
    count,
    min,
    max,
    average: sum / count,
    first,
    last,
    increase: increase + (before === null ? 0 : increaseOf(before.value, first.value)),
    transitions: transitions + Number(before !== null && before.value !== first.value),
  };
}

function timeWeighted(
  { first, last, integral }: PartialBucket,
  held: Sample | null,
  { fromUs, toUs, nowUs }: { fromUs: number; toUs: number; nowUs: number },
): number {
  // A clock that is ahead may have observed the last point after now.
  const endUs = Math.max(last.us, Math.min(toUs, nowUs));
  const startUs = held === null ? first.us : fromUs;
  if (endUs === startUs) return last.value;
  const beforeFirst = held === null ? 0 : held.value * (first.us - fromUs);
  return (beforeFirst + integral + last.value * (endUs - last.us)) / (endUs - startUs);
}

function emptyBucket(fromUs: number, toUs: number): Bucket {
  return {
    fromUs,
    toUs,
    count: 0,
    min: null,
    max: null,
    average: null,
    timeWeightedAverage: null,
    first: null,
    last: null,
    increase: null,
    transitions: null,
  };
}
