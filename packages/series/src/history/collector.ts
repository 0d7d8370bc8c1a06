import { EXIT_CODES, Fault } from "@weir/runtime";
import { type Cell, Cells } from "../buckets/cells.ts";
import type { PartialBucket } from "../buckets/partial.ts";
import { PartialBuckets } from "../buckets/partial-buckets.ts";
import type { Pace } from "../points/pace.ts";
import type { Points } from "../points-file/points.ts";
import { sortByTime } from "./sort-by-time.ts";

/** Points that are sorted in memory at once: less than 100 MB. */
const SORTED_POINTS_MAX = 2_000_000;

/** The part of a cell that was collected. */
export interface CollectedPart {
  cell: Cell;
  partial: PartialBucket;
  /** Whether its points were sorted: then `fold` has made the part of all points of the cell. */
  isSorted: boolean;
}

/** What is known of a cell. */
interface CollectedCell {
  cell: Cell;
  /** Its place among the partial buckets of the series. */
  readonly index: number;
  count: number;
  state: "in order" | "unsorted" | "sorted";
}

interface CollectedSeries {
  /** By their beginning. */
  cells: Map<number, CollectedCell>;
  partials: PartialBuckets;
}

/** Points in the order of arrival. Two arrays of numbers take a quarter of one of objects. */
interface Arrived {
  series: number;
  us: number[];
  values: number[];
}

/**
 * Puts points that come in any order into the cells of their series. It keeps one part for each cell and no points,
 * while those of a cell come in the order of time. Points of other cells are read once more and sorted: as many passes
 * as it takes, because only so many are in memory at once.
 *
 * Of points with one time, the order of arrival counts.
 */
export class Collector {
  readonly #cells: Cells;
  readonly #sortedMax: number;
  readonly #series: readonly CollectedSeries[];
  /** The cells whose points this pass collects; `null` in the first pass. */
  #arrived: Map<CollectedCell, Arrived> | null = null;

  /** @param edges of the buckets, in order: one more than there are buckets. */
  constructor(seriesCount: number, edges: readonly number[], sortedMax = SORTED_POINTS_MAX) {
    this.#cells = new Cells(edges);
    this.#sortedMax = sortedMax;
    this.#series = Array.from({ length: seriesCount }, () => ({
      cells: new Map(),
      partials: new PartialBuckets(0),
    }));
  }

  /** Takes a point; each pass has to bring all of them, in the order of arrival. */
  add(series: number, us: number, value: number): void {
    const cell = this.#cells.at(us);
    if (cell === null) return;
    const { cells, partials } = this.#series[series] as CollectedSeries;
    const known = cells.get(cell.fromUs);
    if (this.#arrived !== null) {
      const arrived = known && this.#arrived.get(known);
      arrived?.us.push(us);
      arrived?.values.push(value);
      return;
    }
    const collected = known ?? { cell, index: cells.size, count: 0, state: "in order" };
    if (known === undefined) cells.set(cell.fromUs, collected);
    collected.count += 1;
    if (collected.count > 1 && us < partials.lastUsAt(collected.index))
      collected.state = "unsorted";
    if (collected.state === "in order") partials.add(collected.index, us, value);
  }

  /** Has the points of a cell collected, although they came in the order of time: others have to go between them. */
  unsort(series: number, { fromUs }: Cell): void {
    const collected = this.#series[series]?.cells.get(fromUs);
    if (collected !== undefined) collected.state = "unsorted";
  }

  /**
   * Begins another pass, which collects the points of cells that are not sorted. Call it until it returns false.
   *
   * @throws Fault for a cell with more points than can be sorted.
   */
  beginPass(): boolean {
    this.#arrived = new Map();
    let points = 0;
    for (const [series, { cells }] of this.#series.entries()) {
      for (const collected of cells.values()) {
        if (collected.state !== "unsorted") continue;
        if (collected.count > this.#sortedMax) throw tooManyFault(collected.count);
        points += collected.count;
        if (points > this.#sortedMax) return true;
        this.#arrived.set(collected, { series, us: [], values: [] });
      }
    }
    return this.#arrived.size > 0;
  }

  /** Ends the pass. @param fold makes the part of a cell out of its points, in the order of time. */
  async endPass(
    fold: (series: number, cell: Cell, points: Points) => Promise<PartialBucket | null>,
    pace: Pace,
  ): Promise<void> {
    for (const [collected, { series, us, values }] of this.#arrived ?? []) {
      const arrived = { us: Float64Array.from(us), values: Float64Array.from(values) };
      const folded = await fold(series, collected.cell, await sortByTime(arrived, pace));
      const { cells, partials } = this.#series[series] as CollectedSeries;
      // Retention may have removed them since the first pass.
      if (folded === null) cells.delete(collected.cell.fromUs);
      else partials.set(collected.index, folded);
      collected.state = "sorted";
    }
  }

  /** The parts of a series, in the order of time. Those of cells that are not sorted yet lack points. */
  partsOf(series: number): CollectedPart[] {
    const { cells, partials } = this.#series[series] as CollectedSeries;
    const parts: CollectedPart[] = [];
    if (cells.size === 0) return parts;
    for (const { cell, index, state } of cells.values()) {
      const partial = partials.at(index);
      if (partial !== null) parts.push({ cell, partial, isSorted: state === "sorted" });
    }
    return parts.sort((one, other) => one.cell.fromUs - other.cell.fromUs);
  }
}

function tooManyFault(count: number): Fault {
  return new Fault(
    `an hour of a bucket has ${count} points that did not come in the order of time`,
    {
      remedy: "Ask for more buckets, or for a shorter time.",
      exitCode: EXIT_CODES.configuration,
    },
  );
}
