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

/** The buckets of a series: each is computed when it is asked for, because there may be millions of them. */
export class Buckets implements Iterable<Bucket> {
  /** How many there are. */
  readonly length: number;
  readonly #partials: PartialBuckets;
  readonly #edges: readonly number[];
  readonly #nowUs: number;

  /**
   * @param partials between each two `edges`. The first one only gives the value before the first bucket.
   * @param nowUs a value holds no longer than until now.
   */
  constructor(partials: PartialBuckets, edges: readonly number[], nowUs: number) {
    this.length = edges.length - 2;
    this.#partials = partials;
    this.#edges = edges;
    this.#nowUs = nowUs;
  }

  *[Symbol.iterator](): Generator<Bucket> {
    let before = this.#partials.at(0)?.last ?? null;
    // After a gap it is not known how long the value before it held.
    let held = before;
    for (let index = 1; index <= this.length; index += 1) {
      const partial = this.#partials.at(index);
      yield this.#bucket(index, partial, held, before);
      held = partial?.last ?? null;
      before = held ?? before;
    }
  }

  /** The number of points of one, by its place from 0 on. Charts of many series need no object for each bucket. */
  countAt(place: number): number {
    return this.#partials.countAt(place + 1);
  }

  /** NaN without points; so are the others. */
  minAt(place: number): number {
    return this.#partials.minAt(place + 1);
  }

  maxAt(place: number): number {
    return this.#partials.maxAt(place + 1);
  }

  averageAt(place: number): number {
    return this.#partials.sumAt(place + 1) / this.#partials.countAt(place + 1);
  }

  #bucket(
    index: number,
    partial: PartialBucket | null,
    held: Sample | null,
    before: Sample | null,
  ): Bucket {
    const fromUs = this.#edges[index] as number;
    const toUs = this.#edges[index + 1] as number;
    if (partial === null) return emptyBucket(fromUs, toUs);
    const { count, sum, min, max, first, last, increase, transitions } = partial;
    return {
      fromUs,
      toUs,
      count,
      min,
      max,
      average: sum / count,
      timeWeightedAverage: timeWeighted(partial, held, fromUs, Math.min(toUs, this.#nowUs)),
      first,
      last,
      increase: increase + (before === null ? 0 : increaseOf(before.value, first.value)),
      transitions: transitions + Number(before !== null && before.value !== first.value),
    };
  }
}

function timeWeighted(
  { first, last, integral }: PartialBucket,
  held: Sample | null,
  fromUs: number,
  toUs: number,
): number {
  // A clock that is ahead may have observed the last point after now.
  const endUs = Math.max(last.us, toUs);
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
