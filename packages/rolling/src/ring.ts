import { addTo, type Bucket, emptyBucket } from "./bucket.ts";

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
  /** The windows that end with second S, in the order of their spans. */
  summarize(atSecond: number): WindowSummary[];
  /** Whether the ring still knows every reading that the windows ending with S may count. */
  covers(atSecond: number): boolean;
  /** How many seconds have a bucket. */
  readonly bucketCount: number;
}

/** Makes a ring around the current second. Once it no longer covers that, make another one. */
export function createRing(
  { spansSeconds, slackSeconds, aheadSeconds }: RingOptions,
  atSecond: number,
): Ring {
  const longestSeconds = spansSeconds.at(-1) ?? 0;
  const buckets = new Map<number, Bucket>();
  // The ring answers for the seconds in (from, to]. `from` follows S; `to` follows it as long as no
  // reading beyond it was turned away.
  let from = atSecond - longestSeconds - slackSeconds;
  let to = atSecond + aheadSeconds;
  let turnedAway = false;

  function addBucket(second: number, bucket: Bucket): void {
    if (second <= from) return;
    if (second > to) {
      turnedAway = true;
      return;
    }
    let target = buckets.get(second);
    if (target === undefined) {
      target = emptyBucket();
      buckets.set(second, target);
    }
    addTo(target, bucket);
  }

  function moveTo(second: number): void {
    const nextFrom = second - longestSeconds - slackSeconds;
    if (nextFrom > from) {
      evict(buckets, from, nextFrom);
      from = nextFrom;
    }
    if (!turnedAway) to = Math.max(to, second + aheadSeconds);
  }

  return {
    add: (second, value) =>
      addBucket(second, { count: 1, sum: value, lost: 0, min: value, max: value }),
    addAggregate: ({ second, count, sum, min, max }) =>
      addBucket(second, { count, sum, lost: 0, min, max }),
    covers: (second) => second - longestSeconds >= from && second <= to,
    summarize: (second) => {
      moveTo(second);
      return summarizeBuckets(buckets, spansSeconds, second);
    },
    get bucketCount() {
      return buckets.size;
    },
  };
}

/** Removes the buckets of the seconds in (from, to]. */
function evict(buckets: Map<number, Bucket>, from: number, to: number): void {
  if (to - from < buckets.size) {
    for (let second = from + 1; second <= to; second += 1) buckets.delete(second);
  } else {
    for (const second of buckets.keys()) if (second <= to) buckets.delete(second);
  }
}

function summarizeBuckets(
  buckets: ReadonlyMap<number, Bucket>,
  spansSeconds: readonly number[],
  atSecond: number,
): WindowSummary[] {
  // Each bucket goes to the shortest window that it lies in; each window then passes its total on to
  // the next longer one.
  const totals = spansSeconds.map(emptyBucket);
  let newest = -Infinity;
  for (const [second, bucket] of buckets) {
    const ageSeconds = atSecond - second;
    if (ageSeconds < 0) continue;
    if (second > newest) newest = second;
    const shortest = totals[spansSeconds.findIndex((span) => ageSeconds < span)];
    if (shortest !== undefined) addTo(shortest, bucket);
  }
  return totals.map((total, index) => {
    const shorter = totals[index - 1];
    if (shorter !== undefined) addTo(total, shorter);
    return summarizeTotal(total, atSecond - newest);
  });
}

function summarizeTotal({ count, sum, lost, min, max }: Bucket, ageSeconds: number): WindowSummary {
  if (count === 0) return { count, average: null, min: null, max: null, ageSeconds: null };
  return { count, average: (sum + lost) / count, min, max, ageSeconds };
}
