/** How many seconds lie in one chunk. Shorter ones cost more of themselves, longer ones keep more that has aged. */
export const CHUNK_SECONDS = 128;

/** What a second of a chunk holds. From `FIRST_PLACE` on a mark is the place of the second's bucket. */
const NOTHING = 0;
const ONE_READING = 1;
const FIRST_PLACE = 2;

/** The fields of a bucket but for its count. */
const SUM = 0;
const LOST = 1;
const MIN = 2;
const MAX = 3;
const FIELDS = 4;

const FIRST_BUCKETS = 4;

/**
 * The buckets of `CHUNK_SECONDS` seconds on end, by their offset. Most seconds of most feeds hold one
 * reading: that takes 9 bytes, its value and a mark. Only a second with several has a whole bucket.
 */
export class Chunk {
  readonly #marks = new Uint8Array(CHUNK_SECONDS);
  /** The reading of a second that has one, the count of one that has several. */
  readonly #values = new Float64Array(CHUNK_SECONDS);
  /** The rest of the buckets of seconds with several readings, in the order of their places. */
  #buckets = new Float64Array(0);
  #places = 0;

  add(offset: number, value: number): void {
    if (this.#marks[offset] === NOTHING) {
      this.#marks[offset] = ONE_READING;
      this.#values[offset] = value;
      return;
    }
    const bucket = this.#bucketAt(offset);
    addReadingTo(bucket, value);
    this.#write(offset, bucket);
  }

  addBucket(offset: number, added: Bucket): void {
    const bucket = this.#bucketAt(offset);
    addTo(bucket, added);
    this.#write(offset, bucket);
  }

  /** Adds the offsets `from..to` to a bucket; returns the last of them that holds anything, or -1. */
  addRangeTo(target: Bucket, from: number, to: number): number {
    let last = -1;
    for (let offset = from; offset <= to; offset += 1) {
      const mark = this.#marks[offset] as number;
      if (mark === NOTHING) continue;
      last = offset;
      if (mark === ONE_READING) addReadingTo(target, this.#values[offset] as number);
      else addTo(target, this.#bucketAt(offset));
    }
    return last;
  }

  /** Whether nothing lies at this offset or behind it. */
  isEmptyFrom(offset: number): boolean {
    return this.#marks.subarray(offset).every((mark) => mark === NOTHING);
  }

  #bucketAt(offset: number): Bucket {
    const mark = this.#marks[offset] as number;
    const value = this.#values[offset] as number;
    if (mark === NOTHING) return emptyBucket();
    if (mark === ONE_READING) return { count: 1, sum: value, lost: 0, min: value, max: value };
    const at = (mark - FIRST_PLACE) * FIELDS;
    return {
      count: value,
      sum: this.#buckets[at + SUM] as number,
      lost: this.#buckets[at + LOST] as number,
      min: this.#buckets[at + MIN] as number,
      max: this.#buckets[at + MAX] as number,
    };
  }

  #write(offset: number, { count, sum, lost, min, max }: Bucket): void {
    if ((this.#marks[offset] as number) < FIRST_PLACE) {
      this.#marks[offset] = FIRST_PLACE + this.#takePlace();
    }
    const at = ((this.#marks[offset] as number) - FIRST_PLACE) * FIELDS;
    this.#values[offset] = count;
    this.#buckets[at + SUM] = sum;
    this.#buckets[at + LOST] = lost;
    this.#buckets[at + MIN] = min;
    this.#buckets[at + MAX] = max;
  }

  #takePlace(): number {
    const place = this.#places;
    if (place * FIELDS === this.#buckets.length) {
      // At most one for each second, so that every place fits into a mark.
      const places = Math.min(CHUNK_SECONDS, Math.max(FIRST_BUCKETS, 2 * place));
      const grown = new Float64Array(places * FIELDS);
      grown.set(this.#buckets);
      this.#buckets = grown;
    }
    this.#places += 1;
    return place;
  }
}

/** The readings of a second, or of a window: what SQL's aggregates need, and nothing more. */
export interface Bucket {
  count: number;
  sum: number;
  /** What rounding took from `sum` so far (Neumaier's compensation). */
  lost: number;
  min: number;
  max: number;
}

export function emptyBucket(): Bucket {
  return { count: 0, sum: 0, lost: 0, min: Infinity, max: -Infinity };
}

/**
 * Adds a bucket. Sums are compensated, so that a million readings of mixed magnitude lose no more than
 * one rounding.
 */
export function addTo(target: Bucket, { count, sum, lost, min, max }: Bucket): void {
  addSum(target, sum);
  target.lost += lost;
  target.count += count;
  if (min < target.min) target.min = min;
  if (max > target.max) target.max = max;
}

/** Adds a single reading: as a bucket of one, without making one. */
function addReadingTo(target: Bucket, value: number): void {
  addSum(target, value);
  target.count += 1;
  if (value < target.min) target.min = value;
  if (value > target.max) target.max = value;
}

function addSum(target: Bucket, sum: number): void {
  const total = target.sum + sum;
  target.lost +=
    Math.abs(target.sum) >= Math.abs(sum) ? target.sum - total + sum : sum - total + target.sum;
  target.sum = total;
}
