import { type Cell, DAY_US, hourOf } from "../buckets/cells.ts";
import { foldPoints, type PartialBucket } from "../buckets/partial.ts";
import { PartialBuckets } from "../buckets/partial-buckets.ts";
import type { CataloguedSeries } from "../catalogue/catalogue.ts";
import type { Pace } from "../points/pace.ts";
import type { StoredPoints } from "../points/stored-points.ts";
import type { DamagedFileFault } from "../points-file/damaged-file.ts";
import { mergePoints, type Points } from "../points-file/points.ts";
import type { CollectedPart } from "./collector.ts";
import { fillBuckets } from "./fill-buckets.ts";
import { PointsReader, type StoredSeries } from "./points-reader.ts";
import type { StoredBatch } from "./stored-batch.ts";

/** What is stored of histories, at one moment. */
export interface Snapshot {
  /** `null` for a stream without a history. */
  points: StoredPoints | null;
  /** The beginning of the first hour of which all points are kept; of those before there are parts only. */
  keptFromUs: number;
  /** A file is damaged: what is in it is missing where its hours do not do. */
  onDamaged: (fault: DamagedFileFault) => void;
}

/**
 * The history of one series: the parts of whole hours and the points that are stored, and what was collected of the
 * points behind these in the order of arrival.
 */
export class SeriesHistory {
  /** `null` where none of its points is stored. */
  readonly #stored: StoredSeries | null;
  readonly #keptFromUs: number;

  constructor(
    { points, keptFromUs, onDamaged }: Snapshot,
    { stream, topic, path }: Pick<CataloguedSeries, "stream" | "topic" | "path">,
  ) {
    const id = points?.find(stream, topic, path) ?? null;
    this.#stored = points === null || id === null ? null : { points, id, onDamaged };
    this.#keptFromUs = keptFromUs;
  }

  /** Its number in the index; `null` where none of its points is stored. */
  get id(): number | null {
    return this.#stored?.id ?? null;
  }

  /** The collected cells that may have a point before a stored one: these have to be put in order with it. */
  async overlapped(collected: readonly CollectedPart[], pace: Pace): Promise<Cell[]> {
    const cells: Cell[] = [];
    if (this.#stored === null) return cells;
    const { points, id } = this.#stored;
    const byDay = Map.groupBy(collected, ({ cell }) => Math.floor(cell.fromUs / DAY_US) * DAY_US);
    for (const [dayUs, parts] of byDay) {
      await pace.breathe();
      const hours = points.hours(id, dayUs, dayUs + DAY_US);
      const lastUs = new Map(Array.from(hours, ({ fromUs, partial }) => [fromUs, partial.last.us]));
      for (const { cell, partial } of parts) {
        const storedUs = lastUs.get(hourOf(cell.fromUs));
        if (storedUs !== undefined && partial.first.us < storedUs) cells.push(cell);
      }
    }
    return cells;
  }

  /** The part of a cell with its stored points and those that were collected, which are in the order of time. */
  async foldWith(cell: Cell, collected: Points, pace: Pace): Promise<PartialBucket | null> {
    if (this.#stored === null) return foldPoints(collected);
    const { points, id } = this.#stored;
    const reader = new PointsReader(this.#stored, () => points.runs(id, cell.fromUs, cell.toUs));
    return foldPoints(mergePoints([await reader.between(cell, pace), collected]));
  }

  /**
   * Puts all points into the buckets between `edges`.
   *
   * @param collected see `fillBuckets`.
   * @param batch of series with the same edges, with this one; `null` where there are no points.
   */
  async fold(
    edges: readonly number[],
    collected: readonly CollectedPart[],
    { batch, pace }: { batch: StoredBatch | null; pace: Pace },
  ): Promise<PartialBuckets> {
    const buckets = new PartialBuckets(edges.length - 1);
    if (this.#stored === null || batch === null) {
      for (const { cell, partial } of collected) buckets.addPartial(cell.bucket, partial);
      return buckets;
    }
    const { id } = this.#stored;
    const reader = new PointsReader(this.#stored, () => batch.runsOf(id));
    let next = 0;
    for (const { hours, toUs } of batch.stretchesOf(id)) {
      await pace.breathe();
      const from = next;
      while ((collected[next]?.cell.fromUs ?? toUs) < toUs) next += 1;
      const stored = { hours, keptFromUs: this.#keptFromUs };
      const parts = collected.slice(from, next);
      for (const span of fillBuckets(buckets, stored, parts, edges)) {
        buckets.addAll(await reader.between(span, pace), edges);
      }
    }
    return buckets;
  }
}
