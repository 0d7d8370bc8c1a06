import type { Database } from "better-sqlite3";
import type { Progress } from "../catalogue/stream-catalogue.ts";
import type { Span } from "../points-file/points.ts";
import type { Position } from "../reading/memory.ts";
import { monthOf, nameOf } from "./history-folder.ts";
import type { Level, PlannedFile } from "./merge-plan.ts";

/** How far the history of a stream is. */
export interface StreamState {
  through: Progress | null;
  /** Of the next file. */
  nextNumber: number;
  /** The number of the first file of the last flush that is complete. */
  flush: number;
  cutoffUs: number;
}

/** Stored rows behind one, up to another; `null` is before every row. */
export interface RowSpan {
  after: Position | null;
  through: Position | null;
}

/** A file of points. */
export interface NewFile extends PlannedFile {
  bytes: number;
  firstUs: number;
  lastUs: number;
  /** The rows that its points are of. */
  of: RowSpan;
}

export interface IndexedFile extends NewFile {
  id: number;
}

/** The hours of a series on a day, encoded. */
export interface NewHours {
  series: number;
  day: number;
  partials: Uint8Array;
}

/** A series with its number. */
export interface NumberedSeries {
  series: number;
  topic: string;
  path: string;
}

/** Spans with the numbers of their series. */
type NewSpans = readonly { series: number; span: Span }[];

/** What a flush adds. */
export interface Flushed {
  files: readonly { file: NewFile; spans: NewSpans }[];
  hours: readonly NewHours[];
  /** `null` leaves it as it is. */
  state: StreamState | null;
}

interface FileRow {
  id: number;
  number: number;
  name: string;
  level: Level;
  arrival: number;
  rows: number;
  bytes: number;
  firstUs: number;
  lastUs: number;
  afterSegment: string | null;
  afterId: number;
  throughSegment: string | null;
  throughId: number;
}

/** So many spans are removed at once: that takes about a millisecond. */
const SPANS_REMOVED = 500;
/** So many pages of 4 KiB are given back to the disk at once. */
const GIVEN_BACK_PAGES_MAX = 1_000;
/** So many series' numbers are kept in memory. */
const SERIES_KNOWN_MAX = 50_000;

/** The history's tables of one stream, for the program that writes them. */
export class PointsIndex {
  readonly #database: Database;
  readonly #stream: string;
  readonly #statements: ReturnType<typeof prepare>;
  /** By topic and path. */
  readonly #series = new Map<string, number>();
  /**
   * Files that are gone, whose spans may be there: a kill may have left those of any stream. Where a change failed, they
   * are not gone.
   */
  readonly #gone: number[];

  constructor(database: Database, stream: string) {
    this.#database = database;
    this.#stream = stream;
    this.#statements = prepare(database);
    this.#gone = this.#statements.gone.all() as number[];
  }

  /** @returns `null` for a stream that has no history yet. */
  state(): StreamState | null {
    const row = this.#statements.state.get(this.#stream) as StateRow | undefined;
    if (row === undefined) return null;
    const { segment, id, receivedUs, ...state } = row;
    return { ...state, through: segment === null ? null : { segment, id, receivedUs } };
  }

  saveState({ through, nextNumber, flush, cutoffUs }: StreamState): void {
    const { segment = null, id = null, receivedUs = null } = through ?? {};
    const row = { stream: this.#stream, segment, id, receivedUs, nextNumber, flush, cutoffUs };
    this.#statements.saveState.run(row);
  }

  /** In the order of their numbers. */
  files(): IndexedFile[] {
    return (this.#statements.files.all(this.#stream) as FileRow[]).map(indexedFileOf);
  }

  /** The numbers of series, which have them for ever. Gives new ones a number. */
  numbersOf(series: readonly { topic: string; path: string }[]): number[] {
    if (this.#series.size > SERIES_KNOWN_MAX) this.#series.clear();
    const found = new Map<string, number>();
    const number = this.#database.transaction(() =>
      series.map((one) => this.#numberOf(one, found)),
    );
    const numbers = number();
    // Only now: what a full disk has undone is given to other series.
    for (const [key, one] of found) this.#series.set(key, one);
    return numbers;
  }

  /** The series that have points in some files. */
  seriesIn(files: readonly IndexedFile[]): NumberedSeries[] {
    const ids = files.map(({ id }) => id);
    return this.#statements.seriesIn.all(JSON.stringify(ids)) as NumberedSeries[];
  }

  /** All series that ever had points. */
  allSeries(): NumberedSeries[] {
    return this.#statements.allSeries.all(this.#stream) as NumberedSeries[];
  }

  /** The hours of a series on some days, the last one included. */
  days(series: number, fromDay: number, throughDay: number): Omit<NewHours, "series">[] {
    const found = this.#statements.days.all(series, fromDay, throughDay);
    return found as Omit<NewHours, "series">[];
  }

  removeHours(series: number, day: number): void {
    this.#statements.removeHours.run(series, day);
  }

  /** The hours of series on a day, encoded. Few at a time is slow: each call is a transaction. */
  hours(series: readonly number[], day: number): (Uint8Array | null)[] {
    const { hours } = this.#statements;
    return this.#database.transaction(() =>
      series.map((one) => (hours.get(one, day) as Uint8Array | undefined) ?? null),
    )();
  }

  /** Adds files, hours and the position: all or nothing. */
  flush({ files, hours, state }: Flushed): void {
    this.#database.transaction(() => {
      for (const { file, spans } of files) this.#addFile(file, spans);
      this.saveHours(hours);
      if (state !== null) this.saveState(state);
    })();
  }

  saveHours(hours: readonly NewHours[]): void {
    for (const { series, day, partials } of hours) {
      this.#statements.saveHours.run(series, day, partials);
    }
  }

  /**
   * Puts a file in the place of others: all or nothing.
   *
   * @returns whether all of them were still there; otherwise nothing is changed.
   */
  replace(
    inputs: readonly IndexedFile[],
    { file, spans, state }: { file: NewFile; spans: NewSpans; state: StreamState },
  ): boolean {
    const known = new Set(this.files().map(({ id }) => id));
    if (inputs.some(({ id }) => !known.has(id))) return false;
    this.#database.transaction(() => {
      this.#forget(inputs);
      this.#addFile(file, spans);
      this.saveState(state);
    })();
    return true;
  }

  /** Forgets files whose points are too old. Their hours stay. */
  expire(files: readonly IndexedFile[], state: StreamState): void {
    this.#database.transaction(() => {
      this.#forget(files);
      this.saveState(state);
    })();
  }

  /** Forgets a file that is damaged or gone, and notes what was in it. Its hours stay. */
  lose(file: IndexedFile): void {
    this.#database.transaction(() => {
      this.#forget([file]);
      this.noteLost(file);
    })();
  }

  /** Notes which points a damaged file had. */
  noteLost({
    part,
    of,
    number,
    level,
    arrival,
    rows,
    firstUs,
    lastUs,
  }: Omit<NewFile, "bytes">): void {
    const names = { stream: this.#stream, name: nameOf({ part, number }) };
    const row = { ...names, ...columnsOf(of), number, level, arrival, rows, firstUs, lastUs };
    this.#statements.lose.run(row);
  }

  /** The damaged files whose points are missing. */
  lost(): Omit<NewFile, "bytes">[] {
    const found = this.#statements.lost.all(this.#stream) as FileRow[];
    return found.map((row) => indexedFileOf(row));
  }

  /** The points of a damaged file are there again, as far as they can be. */
  refill({ number }: PlannedFile, written: { file: NewFile; spans: NewSpans } | null): void {
    this.#database.transaction(() => {
      if (written !== null) this.#addFile(written.file, written.spans);
      this.#statements.found.run(this.#stream, number);
    })();
  }

  /** Forgets all of the stream but the numbers of its series. */
  clear(): void {
    this.#database.transaction(() => {
      this.#forget(this.files());
      this.#statements.clearHours.run(this.#stream);
    })();
  }

  /**
   * Removes some spans of files that are gone, and gives what they took back to the disk. Nobody finds them any more;
   * to remove all at once takes long.
   *
   * @returns whether there may be more.
   */
  sweep(): boolean {
    const file = this.#gone.at(-1);
    if (file === undefined) return false;
    const { changes } = this.#statements.removeSpans.run({ file, most: SPANS_REMOVED });
    if (changes <= SPANS_REMOVED) this.#gone.pop();
    if (changes > 0) this.#database.pragma(`incremental_vacuum(${GIVEN_BACK_PAGES_MAX})`);
    return true;
  }

  #addFile(file: NewFile, spans: NewSpans): void {
    const { number, part, of, ...columns } = file;
    const names = { stream: this.#stream, month: monthOf(part), name: nameOf(file) };
    const row = { ...columns, ...names, ...columnsOf(of), number };
    const id = this.#statements.addFile.run(row).lastInsertRowid;
    for (const { series, span } of spans) {
      const { firstRow, firstUs: spanFirstUs, lastUs: spanLastUs, location } = span;
      const { addSpan } = this.#statements;
      addSpan.run(id, series, firstRow, spanFirstUs, spanLastUs, span.rows, location);
    }
  }

  #forget(files: readonly IndexedFile[]): void {
    for (const { id } of files) {
      this.#statements.removeFile.run(id);
      this.#gone.push(id);
    }
  }

  #numberOf({ topic, path }: { topic: string; path: string }, found: Map<string, number>): number {
    const key = `${topic}\0${path}`;
    const known = this.#series.get(key) ?? found.get(key);
    if (known !== undefined) return known;
    const { findSeries, addSeries } = this.#statements;
    const stored = findSeries.get(this.#stream, topic, path) as number | undefined;
    const number = stored ?? Number(addSeries.run(this.#stream, topic, path).lastInsertRowid);
    found.set(key, number);
    return number;
  }
}

type StateRow = Omit<StreamState, "through"> & {
  segment: string | null;
  id: number;
  receivedUs: number;
};

function indexedFileOf(row: FileRow): IndexedFile {
  const { name, afterSegment, afterId, throughSegment, throughId, ...file } = row;
  const positionOf = (segment: string | null, id: number) => segment && { segment, id };
  return {
    ...file,
    part: name.slice(0, name.indexOf(".")),
    of: {
      after: positionOf(afterSegment, afterId) as Position | null,
      through: positionOf(throughSegment, throughId) as Position | null,
    },
  };
}

function columnsOf({ after, through }: RowSpan) {
  return {
    afterSegment: after?.segment ?? null,
    afterId: after?.id ?? null,
    throughSegment: through?.segment ?? null,
    throughId: through?.id ?? null,
  };
}

function prepare(database: Database) {
  return {
    state: database.prepare(
      `SELECT segment, row_id AS id, received_us AS receivedUs, next_number AS nextNumber, flush,
              cutoff_us AS cutoffUs
       FROM history_streams WHERE stream = ?`,
    ),
    saveState: database.prepare(
      `REPLACE INTO history_streams (stream, segment, row_id, received_us, next_number, flush, cutoff_us)
       VALUES (@stream, @segment, @id, @receivedUs, @nextNumber, @flush, @cutoffUs)`,
    ),
    files: database.prepare(
      `SELECT id, number, name, level, arrival, rows, bytes, first_us AS firstUs, last_us AS lastUs,
              after_segment AS afterSegment, after_row_id AS afterId,
              through_segment AS throughSegment, through_row_id AS throughId
       FROM files WHERE stream = +? ORDER BY number`,
    ),
    addFile: database.prepare(
      `INSERT INTO files (stream, number, month, name, level, arrival, rows, bytes, first_us, last_us,
                          after_segment, after_row_id, through_segment, through_row_id)
       VALUES (@stream, @number, @month, @name, @level, @arrival, @rows, @bytes, @firstUs, @lastUs,
               @afterSegment, @afterId, @throughSegment, @throughId)`,
    ),
    removeFile: database.prepare("DELETE FROM files WHERE id = ?"),
    addSpan: database.prepare(
      `INSERT INTO spans (file, series, first_row, first_us, last_us, rows, location)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    removeSpans: database.prepare(
      `DELETE FROM spans WHERE file = @file AND series <= coalesce(
         (SELECT series FROM spans WHERE file = +@file ORDER BY series, first_row LIMIT 1 OFFSET @most),
         ${Number.MAX_SAFE_INTEGER})
       AND NOT EXISTS (SELECT 1 FROM files WHERE id = @file)`,
    ),
    // From file to file, without a look at each span.
    gone: database
      .prepare(
        `WITH RECURSIVE known (file) AS (
           SELECT min(file) FROM spans
           UNION ALL
           SELECT (SELECT min(file) FROM spans WHERE spans.file > known.file) FROM known
           WHERE file IS NOT NULL)
         SELECT file FROM known WHERE file IS NOT NULL AND file NOT IN (SELECT id FROM files)`,
      )
      .pluck(),
    seriesIn: database.prepare(
      `SELECT id AS series, topic, path FROM history_series WHERE id IN (
         SELECT series FROM json_each(?) JOIN spans ON spans.file = json_each.value)`,
    ),
    findSeries: database
      .prepare("SELECT id FROM history_series WHERE stream = ? AND topic = ? AND path = ?")
      .pluck(),
    addSeries: database.prepare(
      "INSERT INTO history_series (stream, topic, path) VALUES (?, ?, ?)",
    ),
    hours: database.prepare("SELECT partials FROM hours WHERE series = ? AND day = ?").pluck(),
    allSeries: database.prepare(
      "SELECT id AS series, topic, path FROM history_series WHERE stream = ?",
    ),
    days: database.prepare(
      "SELECT day, partials FROM hours WHERE series = ? AND day BETWEEN ? AND ?",
    ),
    removeHours: database.prepare("DELETE FROM hours WHERE series = ? AND day = ?"),
    saveHours: database.prepare("REPLACE INTO hours (series, day, partials) VALUES (?, ?, ?)"),
    clearHours: database.prepare(
      "DELETE FROM hours WHERE series IN (SELECT id FROM history_series WHERE stream = ?)",
    ),
    lose: database.prepare(
      `REPLACE INTO lost_files (stream, number, name, level, arrival, rows, first_us, last_us,
                                after_segment, after_row_id, through_segment, through_row_id)
       VALUES (@stream, @number, @name, @level, @arrival, @rows, @firstUs, @lastUs,
               @afterSegment, @afterId, @throughSegment, @throughId)`,
    ),
    lost: database.prepare(
      `SELECT 0 AS id, number, name, level, arrival, rows, 0 AS bytes, first_us AS firstUs, last_us AS lastUs,
              after_segment AS afterSegment, after_row_id AS afterId,
              through_segment AS throughSegment, through_row_id AS throughId
       FROM lost_files WHERE stream = ? ORDER BY number`,
    ),
    found: database.prepare("DELETE FROM lost_files WHERE stream = ? AND number = ?"),
  };
}
