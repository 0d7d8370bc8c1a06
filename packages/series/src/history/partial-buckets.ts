import type { Points } from "../points-file/points.ts";
import { bucketAt } from "./edges.ts";
import { increaseOf, type PartialBucket } from "./partial.ts";

// The numbers of one partial bucket, beside each other.
const COUNT = 0;
const SUM = 1;
const MIN = 2;
const MAX = 3;
const FIRST_US = 4;
const FIRST = 5;
const LAST_US = 6;
const LAST = 7;
const INCREASE = 8;
const TRANSITIONS = 9;
const INTEGRAL = 10;
const WIDTH = 11;

/** Partial buckets in one array of numbers: millions of points are added without an object for each. */
export class PartialBuckets {
  #numbers: Float64Array;

  /** @param size how many there are; more are made as they are needed. */
  constructor(size: number) {
    this.#numbers = new Float64Array(size * WIDTH);
  }

  /** Adds a point; none that was added to this bucket before is later. */
  add(bucket: number, us: number, value: number): void {
    const at = bucket * WIDTH;
    if (at >= this.#numbers.length) this.#grow(bucket + 1);
    const numbers = this.#numbers;
    if (numbers[at + COUNT] === 0) {
      numbers[at + MIN] = value;
      numbers[at + MAX] = value;
      numbers[at + FIRST_US] = us;
      numbers[at + FIRST] = value;
    } else {
      const last = numbers[at + LAST] as number;
      if (value < (numbers[at + MIN] as number)) numbers[at + MIN] = value;
      if (value > (numbers[at + MAX] as number)) numbers[at + MAX] = value;
      (numbers[at + INCREASE] as number) += increaseOf(last, value);
      if (value !== last) (numbers[at + TRANSITIONS] as number) += 1;
      (numbers[at + INTEGRAL] as number) += last * (us - (numbers[at + LAST_US] as number));
    }
    (numbers[at + COUNT] as number) += 1;
    (numbers[at + SUM] as number) += value;
    numbers[at + LAST_US] = us;
    numbers[at + LAST] = value;
  }

  /** Adds points to the buckets between `edges`; none that was added to one of these before is later. */
  addAll({ us, values }: Points, edges: readonly number[]): void {
    let bucket = -2;
    let endUs = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < us.length; index += 1) {
      const time = us[index] as number;
      if (time >= endUs) {
        bucket = time < (edges[bucket + 2] ?? time) ? bucket + 1 : bucketAt(edges, time);
        endUs = edges[bucket + 1] ?? Number.POSITIVE_INFINITY;
      }
      if (bucket >= 0 && bucket < edges.length - 1) this.add(bucket, time, values[index] as number);
    }
  }

  /** Adds a part; none of the points that were added to this bucket before is later than its first one. */
  addPartial(bucket: number, partial: PartialBucket): void {
    if (this.countAt(bucket) === 0) {
      this.set(bucket, partial);
      return;
    }
    const at = bucket * WIDTH;
    const numbers = this.#numbers;
    const { first, last } = partial;
    const before = numbers[at + LAST] as number;
    const heldUs = first.us - (numbers[at + LAST_US] as number);
    (numbers[at + COUNT] as number) += partial.count;
    (numbers[at + SUM] as number) += partial.sum;
    if (partial.min < (numbers[at + MIN] as number)) numbers[at + MIN] = partial.min;
    if (partial.max > (numbers[at + MAX] as number)) numbers[at + MAX] = partial.max;
    (numbers[at + INCREASE] as number) += increaseOf(before, first.value) + partial.increase;
    (numbers[at + TRANSITIONS] as number) += Number(first.value !== before) + partial.transitions;
    (numbers[at + INTEGRAL] as number) += before * heldUs + partial.integral;
    numbers[at + LAST_US] = last.us;
    numbers[at + LAST] = last.value;
  }

  /** Puts this in the place of all that was added to the bucket. */
  set(bucket: number, partial: PartialBucket): void {
    const at = bucket * WIDTH;
    if (at >= this.#numbers.length) this.#grow(bucket + 1);
    const numbers = this.#numbers;
    numbers[at + COUNT] = partial.count;
    numbers[at + SUM] = partial.sum;
    numbers[at + MIN] = partial.min;
    numbers[at + MAX] = partial.max;
    numbers[at + FIRST_US] = partial.first.us;
    numbers[at + FIRST] = partial.first.value;
    numbers[at + LAST_US] = partial.last.us;
    numbers[at + LAST] = partial.last.value;
    numbers[at + INCREASE] = partial.increase;
    numbers[at + TRANSITIONS] = partial.transitions;
    numbers[at + INTEGRAL] = partial.integral;
  }

  /** One of them; `null` without points. */
  at(bucket: number): PartialBucket | null {
    const at = bucket * WIDTH;
    const numberAt = (field: number): number => this.#numbers[at + field] as number;
    if (this.countAt(bucket) === 0) return null;
    return {
      count: numberAt(COUNT),
      sum: numberAt(SUM),
      min: numberAt(MIN),
      max: numberAt(MAX),
      first: { us: numberAt(FIRST_US), value: numberAt(FIRST) },
      last: { us: numberAt(LAST_US), value: numberAt(LAST) },
      increase: numberAt(INCREASE),
      transitions: numberAt(TRANSITIONS),
      integral: numberAt(INTEGRAL),
    };
  }

  countAt(bucket: number): number {
    return this.#numbers[bucket * WIDTH + COUNT] ?? 0;
  }

  sumAt(bucket: number): number {
    return this.#numbers[bucket * WIDTH + SUM] ?? 0;
  }

  /** NaN without points. */
  minAt(bucket: number): number {
    return this.countAt(bucket) === 0
      ? Number.NaN
      : (this.#numbers[bucket * WIDTH + MIN] as number);
  }

  /** NaN without points. */
  maxAt(bucket: number): number {
    return this.countAt(bucket) === 0
      ? Number.NaN
      : (this.#numbers[bucket * WIDTH + MAX] as number);
  }

  /** The time of the last point of one with points. */
  lastUsAt(bucket: number): number {
    return this.#numbers[bucket * WIDTH + LAST_US] as number;
  }

  #grow(size: number): void {
    const grown = new Float64Array(Math.max(size * WIDTH, this.#numbers.length * 2));
    grown.set(this.#numbers);
    this.#numbers = grown;
  }
}
