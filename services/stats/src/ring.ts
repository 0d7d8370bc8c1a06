import { type Statistics, WINDOWS, type WindowDetail } from "@weir/protocol";
import { addTo, type Bucket, CHUNK_SECONDS, Chunk, emptyBucket } from "./chunk.ts";

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
