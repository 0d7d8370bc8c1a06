import type { CataloguedSeries } from "../catalogue/catalogue.ts";
import type { DamagedFileFault } from "../points/damaged-file.ts";
import type { Pace } from "../points/pace.ts";
import { mergePoints, type Points } from "../points/points.ts";
import type { StoredPoints } from "../points/stored-points.ts";
import { type Cell, HOUR_US, hourOf } from "./cells.ts";
import type { CollectedPart } from "./collector.ts";
import { foldPoints, type PartialBucket } from "./partial.ts";
import { PartialBuckets } from "./partial-buckets.ts";
import { piecesOf, type StoredHour } from "./pieces.ts";
import { PointsReader, type StoredSeries } from "./points-reader.ts";

const DAY_US = 24 * HOUR_US;
/** Hours are read for so long a time at once, so that few of them are in memory. */
const STRETCH_US = 30 * DAY_US;

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

  /** The collected cells that may have a point before a stored one: these have to be put in order with it. */
  async overlapped(collected: readonly CollectedPart[], pace: Pace): Promise<Cell[]> {
    const cells: Cell[] = [];
    if (this.#stored === null) return cells;
    const { points, id } = this.#stored;
    const byDay = Map.groupBy(collected, ({ cell }) => Math.floor(cell.fromUs / DAY_US) * DAY_US);
    for (const [dayUs, parts] of byDay) {
      await pace.breathe();
      const hours = points.hours(id, dayUs, dayUs + DAY_US);
      const lastUs = new Map(hours.map(({ fromUs, partial }) => [fromUs, partial.last.us]));
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
    const reader = new PointsReader(this.#stored, cell);
    return foldPoints(mergePoints([await reader.between(cell, pace), collected]));
  }

  /** Puts all points into the buckets between `edges`. @param collected see `piecesOf`. */
  async fold(
    edges: readonly number[],
    collected: readonly CollectedPart[],
    pace: Pace,
  ): Promise<PartialBuckets> {
    const beginUs = hourOf(edges[0] as number);
    const span = { fromUs: edges[0] as number, toUs: edges.at(-1) as number };
    const reader = this.#stored && new PointsReader(this.#stored, span);
    const buckets = new PartialBuckets(edges.length - 1);
    const stretchOf = ({ cell }: CollectedPart) => Math.floor((cell.fromUs - beginUs) / STRETCH_US);
    const collectedBy = Map.groupBy(collected, stretchOf);
    for (let stretch = 0; beginUs + stretch * STRETCH_US < span.toUs; stretch += 1) {
      await pace.breathe();
      const fromUs = beginUs + stretch * STRETCH_US;
      const stored = { hours: this.#hours(fromUs, span.toUs), keptFromUs: this.#keptFromUs };
      for (const piece of piecesOf(stored, collectedBy.get(stretch) ?? [], edges)) {
        if (piece.kind === "part") buckets.addPartial(piece.bucket, piece.partial);
        else if (reader !== null) buckets.addAll(await reader.between(piece.span, pace), edges);
      }
    }
    return buckets;
  }

  /** The hours with points of a stretch, as far as it is before `toUs`. */
  #hours(fromUs: number, toUs: number): StoredHour[] {
    if (this.#stored === null) return [];
    const { points, id } = this.#stored;
    return points.hours(id, fromUs, Math.min(fromUs + STRETCH_US, toUs));
  }
}
