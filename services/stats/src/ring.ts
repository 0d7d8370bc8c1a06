/** What is known of one window that ends with second S: the readings in (S - span, S]. */
export interface WindowSummary {
  count: number;
  /** `null` when the window is empty; so are the others below. */
  average: number | null;
  min: number | null;
  max: number | null;
  /** Seconds from the newest reading's second to S. */
  ageSeconds: number | null;
}

export interface RingOptions {
  /** The windows' spans in seconds, ascending. */
  spansSeconds: readonly number[];
  /** Seconds kept behind the longest window, so that a clock may be set back a little. */
  slackSeconds: number;
  /** Seconds kept ahead of S, so that readings may come before their second. */
  aheadSeconds: number;
}

/** One second's aggregates, as a store sums them up. */
type SecondAggregate = { second: number } & Omit<Bucket, "lost">;

/**
 * A sparse ring of one-second buckets over event time. It holds the seconds around the current one,
 * S; a summary adds up the buckets that exist, at most one for each second of the longest window,
 * and never subtracts. So it costs the same for a hundred readings and for ten million.
 */
export interface Ring {
  /** Adds one reading, observed in the given whole second. */
  add(second: number, value: number): void;
  /** Adds what a store summed up. */
  addAggregate(aggregate: SecondAggregate): void;
  /** Forgets what no window needs that ends with S or a little earlier. `summarize` does so, too. */
  moveTo(atSecond: number): void;
  /** The windows that end with second S, in the order of their spans. */
  summarize(atSecond: number): WindowSummary[];
  /** Whether the ring still knows every reading that the windows ending with S may count. */
  covers(atSecond: number): boolean;
  /** How many seconds have a bucket. Counted anew each time. */
  readonly bucketCount: number;
  /** Whether there is nothing in it, and nothing was turned away whose second may still come. */
  readonly isEmpty: boolean;
}

/** Makes a ring around the current second. Once it no longer covers that, make another one. */
export function createRing(
  { spansSeconds, slackSeconds, aheadSeconds }: RingOptions,
  atSecond: number,
): Ring {
  const longestSeconds = spansSeconds.at(-1) ?? 0;
  const chunks = new Map<number, Chunk>();
  // The ring answers for the seconds in (from, to]. `from` follows S; `to` follows it as long as no
  // reading beyond it was turned away.
  let from = atSecond - longestSeconds - slackSeconds;
  let to = atSecond + aheadSeconds;
  let turnedAway = false;

  /** The chunk of a second that the ring answers for; `null` for any other. */
  function chunkFor(second: number): Chunk | null {
    if (second <= from) return null;
    if (second > to) {
      turnedAway = true;
      return null;
    }
    const number = Math.floor(second / CHUNK_SECONDS);
    let chunk = chunks.get(number);
    if (chunk === undefined) {
      chunk = createChunk();
      chunks.set(number, chunk);
    }
    return chunk;
  }

  function moveTo(second: number): void {
    from = Math.max(from, second - longestSeconds - slackSeconds);
    for (const number of chunks.keys()) if (endOf(number) <= from) chunks.delete(number);
    if (!turnedAway) to = Math.max(to, second + aheadSeconds);
  }

  /** In each chunk, the seconds with a bucket that the ring still answers for. */
  function* bucketCounts(): Generator<number> {
    for (const [number, chunk] of chunks) {
      yield countSeconds(chunk, Math.max(0, from + 1 - startOf(number)));
    }
  }

  return {
    add: (second, value) => {
      const chunk = chunkFor(second);
      if (chunk !== null) addReading(chunk, second - chunkStart(second), value);
    },
    addAggregate: ({ second, count, sum, min, max }) => {
      const chunk = chunkFor(second);
      if (chunk === null) return;
      addBucket(chunk, second - chunkStart(second), { count, sum, lost: 0, min, max });
    },
    covers: (second) => second - longestSeconds >= from && second <= to,
    moveTo,
    summarize: (second) => {
      moveTo(second);
      return summarizeChunks(chunks, spansSeconds, second);
    },
    get bucketCount() {
      return bucketCounts().reduce((sum, count) => sum + count, 0);
    },
    get isEmpty() {
      return !turnedAway && bucketCounts().every((count) => count === 0);
    },
  };
}

const startOf = (number: number): number => number * CHUNK_SECONDS;
const endOf = (number: number): number => startOf(number) + CHUNK_SECONDS - 1;
const chunkStart = (second: number): number => startOf(Math.floor(second / CHUNK_SECONDS));

function summarizeChunks(
  chunks: ReadonlyMap<number, Chunk>,
  spansSeconds: readonly number[],
  atSecond: number,
): WindowSummary[] {
  // What is in a window and in no shorter one is added up; each window then passes its total on to the
  // next longer one.
  const total = emptyBucket();
  let newest = -Infinity;
  return spansSeconds.map((span, index) => {
    const own = emptyBucket();
    const band = { from: atSecond - span + 1, to: atSecond - (spansSeconds[index - 1] ?? 0) };
    newest = Math.max(newest, addBandTo(own, chunks, band));
    addTo(total, own);
    return summarizeTotal(total, atSecond - newest);
  });
}

/** Adds the seconds `from..to`; returns the newest of them that holds anything, or -Infinity. */
function addBandTo(
  target: Bucket,
  chunks: ReadonlyMap<number, Chunk>,
  { from, to }: { from: number; to: number },
): number {
  let newest = -Infinity;
  const last = Math.floor(to / CHUNK_SECONDS);
  for (let number = Math.floor(from / CHUNK_SECONDS); number <= last; number += 1) {
    const chunk = chunks.get(number);
    if (chunk === undefined) continue;
    const start = startOf(number);
    const offset = addRangeTo(target, chunk, {
      from: Math.max(from - start, 0),
      to: Math.min(to - start, CHUNK_SECONDS - 1),
    });
    if (offset >= 0) newest = start + offset;
  }
  return newest;
}

function summarizeTotal({ count, sum, lost, min, max }: Bucket, ageSeconds: number): WindowSummary {
  if (count === 0) return { count, average: null, min: null, max: null, ageSeconds: null };
  return { count, average: (sum + lost) / count, min, max, ageSeconds };
}

/** How many seconds lie in one chunk. Shorter ones cost more of themselves, longer ones keep more that has aged. */
const CHUNK_SECONDS = 128;

/**
 * The buckets of `CHUNK_SECONDS` seconds on end, by their offset. Most seconds of most feeds hold one
 * reading: that takes 9 bytes, its value and a mark. Only a second with several has a whole bucket.
 */
interface Chunk {
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

function createChunk(): Chunk {
  return {
    marks: new Uint8Array(CHUNK_SECONDS),
    values: new Float64Array(CHUNK_SECONDS),
    buckets: NO_BUCKETS,
    bucketCount: 0,
  };
}

function addReading(chunk: Chunk, offset: number, value: number): void {
  if (chunk.marks[offset] === NOTHING) {
    chunk.marks[offset] = ONE_READING;
    chunk.values[offset] = value;
    return;
  }
  const bucket = bucketAt(chunk, offset);
  addReadingTo(bucket, value);
  writeBucket(chunk, offset, bucket);
}

function addBucket(chunk: Chunk, offset: number, added: Bucket): void {
  const bucket = bucketAt(chunk, offset);
  addTo(bucket, added);
  writeBucket(chunk, offset, bucket);
}

/** Adds what lies in the offsets `from..to`; returns the last of them that holds anything, or -1. */
function addRangeTo(
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
function countSeconds(chunk: Chunk, fromOffset: number): number {
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

/** The readings of one second: what SQL's aggregates need, and nothing more. */
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
