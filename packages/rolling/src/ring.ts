import { addTo, type Bucket, emptyBucket } from "./bucket.ts";
import {
  addBucket,
  addRangeTo,
  addReading,
  CHUNK_SECONDS,
  type Chunk,
  countSeconds,
  createChunk,
} from "./chunk.ts";

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
export type SecondAggregate = { second: number } & Omit<Bucket, "lost">;

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
