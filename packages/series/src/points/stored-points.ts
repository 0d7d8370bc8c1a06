import type { Database } from "better-sqlite3";
import { hourOf } from "../buckets/cells.ts";
import { foldPoints, type PartialBucket } from "../buckets/partial.ts";
import { PartialBuckets } from "../buckets/partial-buckets.ts";
import { WIDTH } from "../buckets/partial-numbers.ts";
import type { Progress } from "../catalogue/stream-catalogue.ts";
import { hasHistory, openIndexForReading } from "../index-file/index-file.ts";
import { DamagedFileFault } from "../points-file/damaged-file.ts";
import {
  mergePoints,
  NO_POINTS,
  type Points,
  sliceTime,
  withoutTime,
} from "../points-file/points.ts";
import { DAY_US, dayOf, HOUR_US, historyFolderOf } from "./history-folder.ts";
import { visitHours } from "./hours.ts";
import { type Run, RunReader } from "./run-reader.ts";
import { StoredHours } from "./stored-hours.ts";

/** Of a deletion: points that were observed from a time on and before another are hidden. */
export interface Mask {
  deletion: string;
  fromUs: number;
  toUs: number;
}

/** Says which points of a topic are hidden. */
export type MasksOf = (stream: string, topic: string) => readonly Mask[];

interface IndexedHours {
  series: number;
  day: number;
  partials: Uint8Array;
}

/**
 * The history as it is at one moment, for any program: up to which rows points are kept, the hours of each series, and
 * its points. What is written meanwhile is not seen: dispose of it soon, and open it again.
 */
export class StoredPoints implements Disposable {
  readonly #database: Database;
  readonly #runs: RunReader;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #masksOf: MasksOf;
  /** Of the series that were found, where points are hidden. */
  readonly #masks = new Map<number, readonly Mask[]>();

  /**
   * @param masksOf what deletions hide. Default nothing.
   * @returns `null` while there is no index with a history.
   * @throws Fault for a file that cannot be read.
   */
  static open(indexFile: string, masksOf: MasksOf = () => []): StoredPoints | null {
    const database = openIndexForReading(indexFile);
    if (database === null) return null;
    if (hasHistory(database)) {
      return new StoredPoints(database, { folder: historyFolderOf(indexFile), masksOf });
    }
    database.close();
    return null;
  }

  private constructor(database: Database, options: { folder: string; masksOf: MasksOf }) {
    this.#database = database;
    this.#masksOf = options.masksOf;
    this.#statements = prepare(database);
    this.#runs = new RunReader(database, options.folder);
    // The first reading begins the moment that all others see.
    database.exec("BEGIN; SELECT 1 FROM history_streams");
  }

  /** Up to which row of a stream points are kept; `null` for none. */
  through(stream: string): Progress | null {
    return (this.#statements.through.get(stream) as Progress | undefined) ?? null;
  }

  /** When the points that a stream keeps begin: of those before there are hours only. */
  keptFromUs(stream: string): number {
    return (this.#statements.keptFrom.get(stream) as number | undefined) ?? -Infinity;
  }

  /** @returns the number of a series; `null` where none of its points was kept. */
  find(stream: string, topic: string, path: string): number | null {
    const series = (this.#statements.find.get(stream, topic, path) as number | undefined) ?? null;
    if (series === null) return null;
    const isErased = ({ deletion }: Mask) => this.#statements.erased.get(deletion) !== undefined;
    const masks = this.#masksOf(stream, topic).filter((mask) => !isErased(mask));
    if (masks.length > 0) this.#masks.set(series, masks);
    return series;
  }

  /** What the points of each hour that begins in `fromUs <= us < toUs` come to; hours without points are left out. */
  hours(series: number, fromUs: number, toUs: number): StoredHours {
    return this.hoursOfAll([series], fromUs, toUs).get(series) ?? new StoredHours();
  }

  /** The same for several series, by their numbers. It takes a third of the time of asking for each. */
  hoursOfAll(series: readonly number[], fromUs: number, toUs: number): Map<number, StoredHours> {
    const asked = JSON.stringify(series);
    const found = this.#statements.hours.all(asked, dayOf(fromUs), dayOf(toUs - 1));
    const days = found as IndexedHours[];
    const numbers = new Float64Array(WIDTH);
    const partials = new PartialBuckets(days.length * (DAY_US / HOUR_US));
    const bySeries = new Map<number, StoredHours>();
    let start = 0;
    let end = 0;
    for (const [index, { series: number, day, partials: blob }] of days.entries()) {
      const dayUs = day * DAY_US;
      visitHours(blob, { dayUs, numbers }, (hour) => {
        const hourUs = dayUs + hour * HOUR_US;
        if (hourUs >= fromUs && hourUs < toUs) partials.setNumbers(end++, numbers);
      });
      if (days[index + 1]?.series === number) continue;
      const hours = new StoredHours(partials, start, end);
      this.#mask(number, hours);
      bySeries.set(number, hours);
      start = end;
    }
    return bySeries;
  }

  /** Folds the hours again of which something is hidden. */
  #mask(series: number, { partials, start, end }: StoredHours): void {
    const masks = this.#masks.get(series);
    if (masks === undefined) return;
    for (let place = start; place < end; place += 1) {
      const fromUs = hourOf(partials.firstUsAt(place));
      const endUs = fromUs + HOUR_US;
      if (!masks.some((mask) => mask.fromUs < endUs && mask.toUs > fromUs)) continue;
      const partial = masks.some((mask) => mask.fromUs <= fromUs && mask.toUs >= endUs)
        ? null
        : this.#foldHour(series, fromUs);
      if (partial === null) partials.clear(place);
      else partials.set(place, partial);
    }
  }

  #foldHour(series: number, fromUs: number): PartialBucket | null {
    const toUs = fromUs + HOUR_US;
    const runs = this.runs(series, fromUs, toUs);
    return foldPoints(
      mergePoints(runs.map((run) => sliceTime(this.#readOrNothing(run), fromUs, toUs))),
    );
  }

  #readOrNothing(run: Run): Points {
    try {
      return this.read(run);
    } catch (error) {
      if (error instanceof DamagedFileFault) return NO_POINTS;
      throw error;
    }
  }

  /**
   * Where the points of a series with `fromUs <= us < toUs` are, in the order of their arrival. A run may also have
   * points outside of that span.
   */
  runs(series: number, fromUs: number, toUs: number): Run[] {
    return this.#masked(series, this.#runs.runs(series, fromUs, toUs));
  }

  /** The same for several series, by their numbers. */
  runsOfAll(series: readonly number[], fromUs: number, toUs: number): Map<number, Run[]> {
    const bySeries = this.#runs.runsOfAll(series, fromUs, toUs);
    for (const [number, runs] of bySeries) bySeries.set(number, this.#masked(number, runs));
    return bySeries;
  }

  #masked(series: number, runs: Run[]): Run[] {
    const masks = this.#masks.get(series);
    return masks === undefined ? runs : runs.map((run) => ({ ...run, masks }));
  }

  /**
   * Reads all points of a run of this series.
   *
   * @throws Error with the code ENOENT where the file was replaced: open the history again, and ask again.
   * @throws DamagedFileFault.
   */
  read(run: Run): Points {
    const points = this.#runs.read(run);
    const kept = run.firstUs >= run.cutoffUs ? points : sliceTime(points, run.cutoffUs, Infinity);
    return (run.masks ?? []).reduce(
      (rest, { fromUs, toUs }) => withoutTime(rest, fromUs, toUs),
      kept,
    );
  }

  /** Lets the index go on, so that it may stay open for long: from now on it may only `read` runs that were found. */
  endSnapshot(): void {
    this.#database.exec("COMMIT");
  }

  [Symbol.dispose](): void {
    this.#runs[Symbol.dispose]();
    this.#database.close();
  }
}

function prepare(database: Database) {
  return {
    through: database.prepare(
      `SELECT segment, row_id AS id, received_us AS receivedUs FROM history_streams
       WHERE stream = ? AND segment IS NOT NULL`,
    ),
    erased: database.prepare("SELECT 1 FROM erased WHERE deletion = ?"),
    keptFrom: database.prepare("SELECT cutoff_us FROM history_streams WHERE stream = ?").pluck(),
    find: database
      .prepare("SELECT id FROM history_series WHERE stream = ? AND topic = ? AND path = ?")
      .pluck(),
    hours: database.prepare(
      `SELECT series, day, partials FROM json_each(?) CROSS JOIN hours ON series = json_each.value
       WHERE day BETWEEN ? AND ? ORDER BY json_each.key, day`,
    ),
  };
}
