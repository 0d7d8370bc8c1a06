import type { Points } from "../points-file/points.ts";
import { bucketAt } from "./edges.ts";
import { increaseOf, type PartialBucket } from "./partial.ts";
import {
  COUNT,
  FIRST,
  FIRST_US,
  INCREASE,
  INTEGRAL,
  LAST,
  LAST_US,
  MAX,
  MIN,
  numbersOf,
  partialAt,
  SUM,
  TRANSITIONS,
  WIDTH,
} from "./partial-numbers.ts";

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
    if (this.countAt(bucket) === 0) this.set(bucket, partial);
    else this.#addNumbers(bucket, numbersOf(partial), 0);
  }

  /** Adds the part in a bucket of others, as `addPartial` does. */
  addFrom(bucket: number, others: PartialBuckets, place: number): void {
    if (others.countAt(place) === 0) return;
    if (this.countAt(bucket) === 0) this.#copy(bucket, others.#numbers, place * WIDTH);
    else this.#addNumbers(bucket, others.#numbers, place * WIDTH);
  }

  /** Puts this in the place of all that was added to the bucket. */
  set(bucket: number, partial: PartialBucket): void {
    this.#copy(bucket, numbersOf(partial), 0);
  }

  /** The same with the numbers of a part, as `partialAt` takes them. */
  setNumbers(bucket: number, numbers: Float64Array): void {
    this.#copy(bucket, numbers, 0);
  }

  /** Takes away all that was added to the bucket. */
  clear(bucket: number): void {
    this.#numbers.fill(0, bucket * WIDTH, (bucket + 1) * WIDTH);
  }

  /** One of them; `null` without points. */
  at(bucket: number): PartialBucket | null {
    return this.countAt(bucket) === 0 ? null : partialAt(this.#numbers, bucket * WIDTH);
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

  /** The time of the first point of one with points. */
  firstUsAt(bucket: number): number {
    return this.#numbers[bucket * WIDTH + FIRST_US] as number;
  }

  /** The time of the last point of one with points. */
  lastUsAt(bucket: number): number {
    return this.#numbers[bucket * WIDTH + LAST_US] as number;
  }

  #addNumbers(bucket: number, others: ArrayLike<number>, from: number): void {
    const at = bucket * WIDTH;
    const numbers = this.#numbers;
    const before = numbers[at + LAST] as number;
    const first = others[from + FIRST] as number;
    const min = others[from + MIN] as number;
    const max = others[from + MAX] as number;
    const heldUs = (others[from + FIRST_US] as number) - (numbers[at + LAST_US] as number);
    (numbers[at + COUNT] as number) += others[from + COUNT] as number;
    (numbers[at + SUM] as number) += others[from + SUM] as number;
    if (min < (numbers[at + MIN] as number)) numbers[at + MIN] = min;
    if (max > (numbers[at + MAX] as number)) numbers[at + MAX] = max;
    (numbers[at + INCREASE] as number) +=
      increaseOf(before, first) + (others[from + INCREASE] as number);
    (numbers[at + TRANSITIONS] as number) +=
      Number(first !== before) + (others[from + TRANSITIONS] as number);
    (numbers[at + INTEGRAL] as number) += before * heldUs + (others[from + INTEGRAL] as number);
    numbers[at + LAST_US] = others[from + LAST_US] as number;
    numbers[at + LAST] = others[from + LAST] as number;
  }

  #copy(bucket: number, others: ArrayLike<number>, from: number): void {
    const at = bucket * WIDTH;
    if (at >= this.#numbers.length) this.#grow(bucket + 1);
    const numbers = this.#numbers;
    for (let field = 0; field < WIDTH; field += 1) {
      numbers[at + field] = others[from + field] as number;
    }
  }

  #grow(size: number): void {
    const grown = new Float64Array(Math.max(size * WIDTH, this.#numbers.length * 2));
    grown.set(this.#numbers);
    this.#numbers = grown;
  }
}
