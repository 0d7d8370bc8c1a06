import { type Statistics, WINDOWS, type WindowDetail } from "@weir/protocol";

const SPANS_SECONDS = WINDOWS.map(({ spanSeconds }) => spanSeconds);
const LONGEST_SECONDS = Math.max(...SPANS_SECONDS);
/** Seconds kept behind the longest window, so that a clock may be set back a little. */
export const SLACK_SECONDS = 120;
/** Seconds kept ahead of the current one, so that readings may come before their second. */
const AHEAD_SECONDS = 3_600;

/** The newest second whose readings no window needs that ends with `atSecond` or a little earlier. */
export function forgottenSecond(atSecond: number): number {
  return atSecond - LONGEST_SECONDS - SLACK_SECONDS;
}

/** What is known of one window that ends with second S: the readings in (S - span, S]. */
interface WindowSummary extends WindowDetail {
  /** `null` when the window is empty. */
  average: number | null;
}

/**
 * A sparse ring of one-second buckets over event time. It holds the seconds around the current one,
 * S; a summary adds up the buckets that exist, at most one for each second of the longest window,
 * and never subtracts. So it costs the same for a hundred readings and for ten million.
 *
 * Once a ring no longer covers the current second, make another one.
 */
export class Ring {
  readonly #chunks = new Map<number, Chunk>();
  // The ring answers for the seconds in (from, to]. `from` follows S; `to` follows it as long as no
  // reading beyond it was turned away.
  #from: number;
  #to: number;
  #hasTurnedAway = false;

  constructor(atSecond: number) {
    this.#from = forgottenSecond(atSecond);
    this.#to = atSecond + AHEAD_SECONDS;
  }

  /** Adds one reading, observed in the given whole second. */
  add(second: number, value: number): void {
    this.#chunkFor(second)?.add(offsetOf(second), value);
  }

  /** Adds what a store summed up of one second. */
  addAggregate({ second, ...aggregate }: { second: number } & Omit<Bucket, "lost">): void {
    this.#chunkFor(second)?.addBucket(offsetOf(second), { ...aggregate, lost: 0 });
  }

  /** Whether the ring still knows every reading that the windows ending with S may count. */
  covers(atSecond: number): boolean {
    return atSecond - LONGEST_SECONDS >= this.#from && atSecond <= this.#to;
  }

  /** Drops what no window needs that ends with S or a little earlier. `summarize` does so, too. */
  moveTo(atSecond: number): void {
    this.#from = Math.max(this.#from, forgottenSecond(atSecond));
    for (const number of this.#chunks.keys()) {
      if (startOf(number + 1) <= this.#from + 1) this.#chunks.delete(number);
    }
    if (!this.#hasTurnedAway) this.#to = Math.max(this.#to, atSecond + AHEAD_SECONDS);
  }

  /** The windows that end with second S, in the order of their spans. */
  summarize(atSecond: number): WindowSummary[] {
    this.moveTo(atSecond);
    // What is in a window and in no shorter one is added up; each window then passes its total on to
    // the next longer one.
    const total = emptyBucket();
    let newest = -Infinity;
    return SPANS_SECONDS.map((span, index) => {
      const own = emptyBucket();
      const shorter = SPANS_SECONDS[index - 1] ?? 0;
      newest = Math.max(newest, this.#addTo(own, atSecond - span + 1, atSecond - shorter));
      addTo(total, own);
      const { count, sum, lost, min, max } = total;
      if (count === 0) return { count, average: null, min: null, max: null, ageSeconds: null };
      return { count, average: (sum + lost) / count, min, max, ageSeconds: atSecond - newest };
    });
  }

  /** The payload of `STATS` at second S: rows through `throughId` are counted, and `lagRows` are not yet. */
  statistics(at: number, position: { throughId: number; lagRows: number }): Statistics {
    const [one, five, thirty] = this.summarize(at) as [WindowSummary, WindowSummary, WindowSummary];
    return {
      avg_1min: one.average,
      avg_5min: five.average,
      avg_30min: thirty.average,
      at,
      ...position,
      windows: { "1min": detailOf(one), "5min": detailOf(five), "30min": detailOf(thirty) },
    };
  }

  /** Whether there is nothing in it, and nothing was turned away whose second may still come. */
  get isEmpty(): boolean {
    if (this.#hasTurnedAway) return false;
    return this.#chunks
      .entries()
      .every(([number, chunk]) => chunk.isEmptyFrom(Math.max(0, this.#from + 1 - startOf(number))));
  }

  /** The chunk of a second that the ring answers for; `null` for any other. */
  #chunkFor(second: number): Chunk | null {
    if (second <= this.#from) return null;
    if (second > this.#to) {
      this.#hasTurnedAway = true;
      return null;
    }
    const number = numberOf(second);
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      chunk = new Chunk();
      this.#chunks.set(number, chunk);
    }
    return chunk;
  }

  /** Adds the seconds `from..to`; returns the newest of them that holds anything, or -Infinity. */
  #addTo(target: Bucket, from: number, to: number): number {
    let newest = -Infinity;
    for (let number = numberOf(from); number <= numberOf(to); number += 1) {
      const chunk = this.#chunks.get(number);
      if (chunk === undefined) continue;
      const start = startOf(number);
      const offset = chunk.addRangeTo(
        target,
        Math.max(from - start, 0),
        Math.min(to - start, CHUNK_SECONDS - 1),
      );
      if (offset >= 0) newest = start + offset;
    }
    return newest;
  }
}

/** Chunks are numbered from the epoch on. */
const numberOf = (second: number): number => Math.floor(second / CHUNK_SECONDS);
const startOf = (number: number): number => number * CHUNK_SECONDS;
const offsetOf = (second: number): number => second - startOf(numberOf(second));

function detailOf({ count, min, max, ageSeconds }: WindowSummary): WindowDetail {
  return { count, min, max, ageSeconds };
}

/** How many seconds lie in one chunk. Shorter ones cost more of themselves, longer ones keep more that has aged. */
const CHUNK_SECONDS = 128;

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
class Chunk {
  readonly #marks = new Uint8Array(CHUNK_SECONDS);
  /** The reading of a second that has one, the count of one that has several. */
  readonly #values = new Float64Array(CHUNK_SECONDS);
  /** The rest of the buckets of seconds with several readings, in the order of their places. */
  #buckets = new Float64Array(0);
  #places = 0;

  add(offset: number, value: number): void {
    const mark = this.#marks[offset] as number;
    if (mark === NOTHING) {
      this.#marks[offset] = ONE_READING;
      this.#values[offset] = value;
    } else if (mark === ONE_READING) {
      const bucket = this.#bucketAt(offset);
      addReadingTo(bucket, value);
      this.#write(offset, bucket);
    } else this.#addInPlace(offset, mark, value);
  }

  /** The same as `addReadingTo`, without a bucket in between: most of the readings of a busy series come here. */
  #addInPlace(offset: number, mark: number, value: number): void {
    const buckets = this.#buckets;
    const at = (mark - FIRST_PLACE) * FIELDS;
    const sum = buckets[at + SUM] as number;
    const total = sum + value;
    const lost = Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
    buckets[at + SUM] = total;
    buckets[at + LOST] = (buckets[at + LOST] as number) + lost;
    this.#values[offset] = (this.#values[offset] as number) + 1;
    if (value < (buckets[at + MIN] as number)) buckets[at + MIN] = value;
    if (value > (buckets[at + MAX] as number)) buckets[at + MAX] = value;
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
interface Bucket {
  count: number;
  sum: number;
  /** What rounding took from `sum` so far (Neumaier's compensation). */
  lost: number;
  min: number;
  max: number;
}

function emptyBucket(): Bucket {
  return { count: 0, sum: 0, lost: 0, min: Infinity, max: -Infinity };
}

/**
 * Adds a bucket. Sums are compensated, so that a million readings of mixed magnitude lose no more than
 * one rounding.
 */
function addTo(target: Bucket, { count, sum, lost, min, max }: Bucket): void {
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
