import { DAY_US, hourOf, type Span } from "../buckets/cells.ts";
import type { Run } from "../points/run-reader.ts";
import { StoredHours } from "../points/stored-hours.ts";
import type { StoredPoints } from "../points/stored-points.ts";

/** Hours of so many days of series are in memory at once: they are unpacked in a few milliseconds. */
const DAYS_MAX = 100;

/** What is stored of some series in a span of time. What one of them needs is read for all of them at once. */
export class StoredBatch {
  readonly #points: StoredPoints;
  readonly #ids: readonly number[];
  readonly #span: Span;
  #hours: ReadonlyMap<number, StoredHours> | null = null;
  #runs: ReadonlyMap<number, Run[]> | null = null;

  /** How many series have a batch, at most. */
  static sizeMax({ fromUs, toUs }: Span): number {
    return Math.max(1, Math.floor((DAYS_MAX * DAY_US) / (toUs - fromUs)));
  }

  /** @param ids of the series, as `find` gives them. */
  constructor(points: StoredPoints, ids: readonly number[], span: Span) {
    this.#points = points;
    this.#ids = ids;
    this.#span = span;
  }

  /** The hours of a series in the span, one stretch after the other. Those of several series are one stretch. */
  *stretchesOf(id: number): Generator<{ hours: StoredHours; toUs: number }> {
    const { toUs } = this.#span;
    const fromUs = hourOf(this.#span.fromUs);
    if (this.#ids.length > 1) {
      this.#hours ??= this.#points.hoursOfAll(this.#ids, fromUs, toUs);
      yield { hours: this.#hours.get(id) ?? new StoredHours(), toUs };
      return;
    }
    for (let us = fromUs; us < toUs; us += DAYS_MAX * DAY_US) {
      const endUs = Math.min(us + DAYS_MAX * DAY_US, toUs);
      yield { hours: this.#points.hours(id, us, endUs), toUs: endUs };
    }
  }

  /** Where the points of a series in the span are, in the order of their arrival. */
  runsOf(id: number): readonly Run[] {
    const { fromUs, toUs } = this.#span;
    this.#runs ??= this.#points.runsOfAll(this.#ids, fromUs, toUs);
    return this.#runs.get(id) ?? [];
  }
}
