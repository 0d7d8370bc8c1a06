import { bucketAt } from "./edges.ts";

export const HOUR_US = 3_600_000_000;
export const DAY_US = 24 * HOUR_US;

/** When the hour of a time began, in microseconds since the epoch. Hours are those of UTC. */
export const hourOf = (us: number): number => Math.floor(us / HOUR_US) * HOUR_US;

/** From one time to another, in microseconds since the epoch. The end does not belong to it. */
export interface Span {
  fromUs: number;
  toUs: number;
}

/** The part of a bucket that lies in one hour. */
export interface Cell extends Span {
  bucket: number;
}

/**
 * Divides the time between the edges of buckets into cells. Stored history is summed up by hours, so a cell is the
 * smallest part that has to be put in order by itself: cells of one hour belong to different buckets.
 */
export class Cells {
  readonly #edges: readonly number[];
  /** The one that was found last: most points follow each other closely. */
  #found: Cell;

  /** @param edges of the buckets, in order: one more than there are buckets. */
  constructor(edges: readonly number[]) {
    this.#edges = edges;
    this.#found = this.#cellIn(0, edges[0] as number);
  }

  /** The cell of a time; `null` outside of the buckets. */
  at(us: number): Cell | null {
    if (us >= this.#found.fromUs && us < this.#found.toUs) return this.#found;
    const bucket = bucketAt(this.#edges, us);
    if (bucket < 0 || bucket > this.#edges.length - 2) return null;
    this.#found = this.#cellIn(bucket, us);
    return this.#found;
  }

  #cellIn(bucket: number, us: number): Cell {
    const hourUs = hourOf(us);
    return {
      fromUs: Math.max(hourUs, this.#edges[bucket] as number),
      toUs: Math.min(hourUs + HOUR_US, this.#edges[bucket + 1] as number),
      bucket,
    };
  }
}
