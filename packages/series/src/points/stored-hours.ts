import { hourOf } from "../buckets/cells.ts";
import type { PartialBucket } from "../buckets/partial.ts";
import { PartialBuckets } from "../buckets/partial-buckets.ts";

/** The part of all stored points of an hour. */
export interface StoredHour {
  fromUs: number;
  partial: PartialBucket;
}

/**
 * Hours of one series, in the order of time. Their parts are some of `partials`, which has those of other series, too:
 * an answer takes a hundred thousand of them, and an object for each would cost more than the rest.
 */
export class StoredHours implements Iterable<StoredHour> {
  readonly partials: PartialBuckets;
  /** The place of the first one. */
  readonly start: number;
  /** The place behind the last one. */
  readonly end: number;

  /** Without an array there are none. */
  constructor(partials = new PartialBuckets(0), start = 0, end = 0) {
    this.partials = partials;
    this.start = start;
    this.end = end;
  }

  /** When the hour at a place began; NaN where nothing of it is left. */
  fromUsAt(place: number): number {
    return this.partials.countAt(place) === 0 ? Number.NaN : hourOf(this.partials.firstUsAt(place));
  }

  *[Symbol.iterator](): Generator<StoredHour> {
    for (let place = this.start; place < this.end; place += 1) {
      const partial = this.partials.at(place);
      if (partial !== null) yield { fromUs: this.fromUsAt(place), partial };
    }
  }
}
