import type { CataloguedSeries } from "../catalogue/catalogue.ts";
import type { Pace } from "../points/pace.ts";
import { mergePoints, type Points } from "../points/points.ts";
import type { StoredPoints } from "../points/stored-points.ts";
import { type Cell, HOUR_US, hourOf, type Span } from "./cells.ts";
import type { CollectedPart } from "./collector.ts";
import { foldPoints, type PartialBucket } from "./partial.ts";
import { PartialBuckets } from "./partial-buckets.ts";
import { piecesOf, type StoredHour } from "./pieces.ts";
import { PointsReader } from "./points-reader.ts";

/** Hours are read for so long a time at once: some 10,000 of them take a few milliseconds. */
const HOURS_SPAN_US = 400 * 24 * HOUR_US;

/** What is stored of histories, at one moment. */
export interface Snapshot {
  /** `null` for a stream without a history. */
  points: StoredPoints | null;
  /** The beginning of the first hour of which all points are kept; of those before there are parts only. */
  keptFromUs: number;
}

/**
 * The history of one series: the parts of whole hours and the points that are stored, and what was collected of the
 * points behind these in the order of arrival.
 */
export class SeriesHistory {
  /** `null` where none of its points is stored. */
  readonly #stored: { points: StoredPoints; id: number } | null;
  readonly #keptFromUs: number;

  constructor(
    { points, keptFromUs }: Snapshot,
    { stream, topic, path }: Pick<CataloguedSeries, "stream" | "topic" | "path">,
  ) {
    const id = points?.find(stream, topic, path) ?? null;
    this.#stored = points === null || id === null ? null : { points, id };
    this.#keptFromUs = keptFromUs;
  }

  /** The collected cells that may have a point before a stored one: these have to be put in order with it. */
  async overlapped(collected: readonly CollectedPart[], pace: Pace): Promise<Cell[]> {
    const first = collected[0]?.cell;
    const last = collected.at(-1)?.cell;
    if (first === undefined || last === undefined) return [];
    const hours = await this.#hours({ fromUs: first.fromUs, toUs: last.toUs }, pace);
    const lastUs = new Map(hours.map(({ fromUs, partial }) => [fromUs, partial.last.us]));
    return collected
      .filter(({ cell, partial }) => {
        const storedUs = lastUs.get(hourOf(cell.fromUs));
        return storedUs !== undefined && partial.first.us < storedUs;
      })
      .map(({ cell }) => cell);
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
    const span = { fromUs: edges[0] as number, toUs: edges.at(-1) as number };
    const hours = await this.#hours(span, pace);
    const buckets = new PartialBuckets(edges.length - 1);
    const reader = this.#stored && new PointsReader(this.#stored, span);
    for (const piece of piecesOf({ hours, keptFromUs: this.#keptFromUs }, collected, edges)) {
      if (piece.kind === "part") buckets.addPartial(piece.bucket, piece.partial);
      else if (reader !== null) buckets.addAll(await reader.between(piece.span, pace), edges);
    }
    return buckets;
  }

  /** The hours with points in a span. */
  async #hours({ fromUs, toUs }: Span, pace: Pace): Promise<StoredHour[]> {
    if (this.#stored === null) return [];
    const { points, id } = this.#stored;
    const hours: StoredHour[] = [];
    for (let us = hourOf(fromUs); us < toUs; us += HOURS_SPAN_US) {
      await pace.breathe();
      hours.push(...points.hours(id, us, Math.min(us + HOURS_SPAN_US, toUs)));
    }
    return hours;
  }
}
