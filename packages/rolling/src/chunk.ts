import { addReadingTo, addTo, type Bucket, emptyBucket } from "./bucket.ts";

/** How many seconds lie in one chunk. Shorter ones cost more of themselves, longer ones keep more that has aged. */
export const CHUNK_SECONDS = 128;

/**
 * The buckets of `CHUNK_SECONDS` seconds on end, by their offset. Most seconds of most feeds hold one
 * reading: that takes 9 bytes, its value and a mark. Only a second with several has a whole bucket.
 */
export interface Chunk {
  /** What a second holds: nothing, one reading, or (from `FIRST_PLACE` on) the place of its bucket. */
  marks: Uint8Array;
  /** The reading of a second that has one, the count of one that has several. */
  values: Float64Array;
  /** The rest of the buckets of seconds with several readings, in the order of their places. */
  buckets: Float64Array;
  bucketCount: number;
}

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
const NO_BUCKETS = new Float64Array(0);

export function createChunk(): Chunk {
  return {
    marks: new Uint8Array(CHUNK_SECONDS),
    values: new Float64Array(CHUNK_SECONDS),
    buckets: NO_BUCKETS,
    bucketCount: 0,
  };
}

export function addReading(chunk: Chunk, offset: number, value: number): void {
  if (chunk.marks[offset] === NOTHING) {
    chunk.marks[offset] = ONE_READING;
    chunk.values[offset] = value;
    return;
  }
  const bucket = bucketAt(chunk, offset);
  addReadingTo(bucket, value);
  writeBucket(chunk, offset, bucket);
}

export function addBucket(chunk: Chunk, offset: number, added: Bucket): void {
  const bucket = bucketAt(chunk, offset);
  addTo(bucket, added);
  writeBucket(chunk, offset, bucket);
}

/** Adds what lies in the offsets `from..to`; returns the last of them that holds anything, or -1. */
export function addRangeTo(
  target: Bucket,
  chunk: Chunk,
  { from, to }: { from: number; to: number },
): number {
  let last = -1;
  for (let offset = from; offset <= to; offset += 1) {
    const mark = chunk.marks[offset] as number;
    if (mark === NOTHING) continue;
    last = offset;
    if (mark === ONE_READING) addReadingTo(target, chunk.values[offset] as number);
    else addTo(target, bucketAt(chunk, offset));
  }
  return last;
}

/** How many seconds from this offset on hold anything. */
export function countSeconds(chunk: Chunk, fromOffset: number): number {
  let seconds = 0;
  for (const mark of chunk.marks.subarray(fromOffset)) if (mark !== NOTHING) seconds += 1;
  return seconds;
}

function bucketAt({ marks, values, buckets }: Chunk, offset: number): Bucket {
  const mark = marks[offset] as number;
  const value = values[offset] as number;
  if (mark === NOTHING) return emptyBucket();
  if (mark === ONE_READING) return { count: 1, sum: value, lost: 0, min: value, max: value };
  const at = (mark - FIRST_PLACE) * FIELDS;
  return {
    count: value,
    sum: buckets[at + SUM] as number,
    lost: buckets[at + LOST] as number,
    min: buckets[at + MIN] as number,
    max: buckets[at + MAX] as number,
  };
}

function writeBucket(chunk: Chunk, offset: number, bucket: Bucket): void {
  if ((chunk.marks[offset] as number) < FIRST_PLACE) {
    chunk.marks[offset] = FIRST_PLACE + takePlace(chunk);
  }
  const at = ((chunk.marks[offset] as number) - FIRST_PLACE) * FIELDS;
  chunk.values[offset] = bucket.count;
  chunk.buckets[at + SUM] = bucket.sum;
  chunk.buckets[at + LOST] = bucket.lost;
  chunk.buckets[at + MIN] = bucket.min;
  chunk.buckets[at + MAX] = bucket.max;
}

function takePlace(chunk: Chunk): number {
  const { buckets, bucketCount } = chunk;
  if (bucketCount * FIELDS === buckets.length) {
    // At most one for each second, which a mark can still tell.
    const places = Math.min(CHUNK_SECONDS, Math.max(FIRST_BUCKETS, 2 * bucketCount));
    chunk.buckets = new Float64Array(places * FIELDS);
    chunk.buckets.set(buckets);
  }
  chunk.bucketCount += 1;
  return bucketCount;
}
