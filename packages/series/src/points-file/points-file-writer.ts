/**
 * Files of points are Parquet: any program reads them, and Weir reads any series of them without the footer.
 *
 * A row is a point. The rows of a series are in the order of time. Series are gathered in pages, because a page costs
 * some 0.1 ms to read and has to be unpacked as a whole: a page ends with the series that fills it to `PAGE_ROWS`. Four
 * pages fill at a time (see `PageRows`), so that series of one kind lie together.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fsyncFolderOf } from "@weir/runtime";
import type { FileMetaData, RowGroup as RowGroupAbout } from "hyparquet";
import { SCHEMA } from "./columns.ts";
import { decimalsOf } from "./decimals.ts";
import { footerOf, MAGIC } from "./footer.ts";
import { haveMicros, PageRows } from "./page-rows.ts";
import { PAGE_ROWS_MAX } from "./pages.ts";
import { byName, type Points, type SeriesName, type Span } from "./points.ts";
import { RowGroup } from "./row-group.ts";

/** A page ends with the series that fills it so far. */
const PAGE_ROWS = 8_192;
/** A row group is what other programs read or leave out as a whole, and what is held in memory here. */
const ROW_GROUP_ROWS = 262_144;

export interface WrittenFile {
  bytes: number;
  rows: number;
  /** In the order in which the points were added. */
  spans: readonly Span[];
}

/**
 * Writes a file of points. It has another name until `finish`, and is removed when disposed of before that. In memory
 * are a row group and the spans, whatever the size of the file.
 */
export class PointsFileWriter implements Disposable {
  readonly #file: string;
  readonly #making: string;
  readonly #about: Readonly<Record<string, string>>;
  readonly #spans: Span[] = [];
  readonly #groups: RowGroupAbout[] = [];
  readonly #pages = new Map<string, PageRows>();
  #group = new RowGroup();
  /** Of all series so far, the last one in the order of names. */
  #last: SeriesName | null = null;
  #descriptor: number | null;
  #isFinished = false;
  #bytes = 0;
  #rows = 0;

  /**
   * @param file in a folder that is there.
   * @param about what the file says about itself: metadata of Parquet.
   */
  constructor(file: string, about: Readonly<Record<string, string>>) {
    this.#file = file;
    this.#making = `${file}.making`;
    this.#about = about;
    this.#descriptor = openSync(this.#making, "w");
    try {
      this.#write(MAGIC);
    } catch (error) {
      // The disk is full: nobody can dispose of what was not constructed.
      this[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Adds points of a series, which have to be in the order of time. Series in the order of (topic, path) make a file
   * of which others read little. A long series may be added in parts: its rows are in the order of these.
   *
   * @throws Error for points that are not in order, or times that are not whole.
   */
  add(topic: string, path: string, points: Points): void {
    checkTimes(points.us);
    const decimals = decimalsOf(points.values);
    const numbers = decimals?.unscaled ?? points.values;
    const page = this.#pageFor(decimals !== null, haveMicros(points.us));
    this.#closeEarlierParts({ topic, path }, page);
    const rows = points.us.length;
    for (let from = 0; from < rows; ) {
      const to = Math.min(rows, from + PAGE_ROWS_MAX - page.rows);
      const us = points.us.subarray(from, to);
      const span = page.append(
        { topic, path },
        us,
        numbers.subarray(from, to),
        decimals?.scale ?? 0,
      );
      this.#spans.push(span);
      from = to;
      if (page.rows >= (from < rows ? PAGE_ROWS_MAX : PAGE_ROWS)) this.#close(page);
    }
  }

  /** Ends the file, and gives it its name once it is safe on the disk. */
  finish(): WrittenFile {
    for (const page of this.#pages.values()) if (page.rows > 0) this.#close(page);
    this.#endGroup();
    this.#writeFooter();
    const descriptor = this.#opened();
    fsyncSync(descriptor);
    this.#descriptor = null;
    closeSync(descriptor);
    renameSync(this.#making, this.#file);
    this.#isFinished = true;
    fsyncFolderOf(this.#file);
    return { bytes: this.#bytes, rows: this.#rows, spans: this.#spans };
  }

  [Symbol.dispose](): void {
    if (this.#isFinished) return;
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
    rmSync(this.#making, { force: true });
  }

  #pageFor(isDecimal: boolean, hasMicros: boolean): PageRows {
    const kind = `${isDecimal} ${hasMicros}`;
    const open = this.#pages.get(kind) ?? new PageRows(isDecimal, hasMicros);
    this.#pages.set(kind, open);
    return open;
  }

  /** Closes what has an earlier part of the series, unless that is `page`: the part would come behind the next one. */
  #closeEarlierParts(name: SeriesName, page: PageRows): void {
    if (this.#last === null || byName(this.#last, name) < 0) {
      this.#last = name;
      return;
    }
    for (const other of this.#pages.values()) {
      if (other !== page && other.has(name)) this.#close(other);
    }
  }

  #close(page: PageRows): void {
    this.#group.add(page);
    page.clear();
    if (this.#group.rows >= ROW_GROUP_ROWS) this.#endGroup();
  }

  #endGroup(): void {
    if (this.#group.rows === 0) return;
    const { bytes, about } = this.#group.layOut(this.#bytes, this.#rows);
    this.#rows += this.#group.rows;
    this.#groups.push(about);
    this.#write(bytes);
    this.#group = new RowGroup();
  }

  #writeFooter(): void {
    const metadata: FileMetaData = {
      version: 2,
      created_by: "weir",
      schema: SCHEMA,
      num_rows: BigInt(this.#rows),
      row_groups: this.#groups,
      key_value_metadata: Object.entries(this.#about).map(([key, value]) => ({ key, value })),
      metadata_length: 0,
    };
    this.#write(footerOf(metadata));
  }

  #write(bytes: Uint8Array): void {
    writeFileSync(this.#opened(), bytes);
    this.#bytes += bytes.length;
  }

  #opened(): number {
    if (this.#descriptor === null) throw new Error(`${this.#file} is finished`);
    return this.#descriptor;
  }
}

function checkTimes(us: Float64Array): void {
  let before = -Infinity;
  for (let index = 0; index < us.length; index++) {
    const time = us[index] as number;
    if (!Number.isSafeInteger(time)) throw new Error(`${time} is no time in whole microseconds`);
    if (time < before) throw new Error(`a point of ${time} us comes after one of ${before} us`);
    before = time;
  }
}
