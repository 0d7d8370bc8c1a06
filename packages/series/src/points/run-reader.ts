import { join } from "node:path";
import type { Database, Statement } from "better-sqlite3";
import type { Points } from "../points-file/points.ts";
import { PointsFile } from "../points-file/points-file.ts";
import { orOld, relativeOf } from "./history-folder.ts";
import { LEVELS } from "./merge-plan.ts";
import type { IndexedFile } from "./points-index.ts";

/** Points of one series that lie together in a file. */
export interface Run {
  firstUs: number;
  lastUs: number;
  rows: number;
  /** Among points of one time, those of the lower order arrived earlier. */
  order: number;
  fileId: number;
  /** Relative to the folder of the history. */
  file: string;
  location: Uint8Array;
  /** Its points that are older are not part of the history any more. */
  cutoffUs: number;
  /** Its points that were observed in one of these spans are hidden. */
  masks?: readonly { fromUs: number; toUs: number }[];
}

/** The arrivals of files are below this. See `inOrderOfArrival`. */
const ARRIVALS = 1e12;

const SPAN = `
SELECT spans.series, spans.file AS fileId, spans.first_us AS firstUs, spans.last_us AS lastUs, spans.rows, location,
       'stream=' || stream || '/month=' || month || '/' || name AS file,
       (${LEVELS.month} - level) * ${ARRIVALS} + arrival AS "order", coalesce(cutoff_us, 0) AS cutoffUs
FROM`;
const SPANS = `${SPAN} spans JOIN files ON files.id = spans.file LEFT JOIN history_streams USING (stream)
WHERE series = +? AND spans.last_us >= ? AND spans.first_us < ? AND spans.last_us >= cutoffUs
ORDER BY "order", first_row`;
const SPANS_OF_ALL = `${SPAN} json_each(?) CROSS JOIN spans ON series = json_each.value JOIN files ON files.id = spans.file
     LEFT JOIN history_streams USING (stream)
WHERE spans.last_us >= ? AND spans.first_us < ? AND spans.last_us >= cutoffUs
ORDER BY "order", first_row`;
const SPANS_IN = `
SELECT spans.file AS fileId, first_us AS firstUs, last_us AS lastUs, rows, location
FROM json_each(?) JOIN spans ON spans.file = json_each.value AND series = +?
ORDER BY json_each.key, first_row`;

/** So many files are open at a time: all that are merged. Each holds its last page in memory. */
const OPEN_FILES_MAX = 64;

/** Finds and reads the points of series by the index. */
export class RunReader implements Disposable {
  readonly #folder: string;
  readonly #spans: Statement;
  readonly #spansOfAll: Statement;
  readonly #spansIn: Statement;
  /** The files that were asked for last: a merge asks for each of its series in the same ones. */
  #asked: AskedFiles | null = null;
  /** The one that was used last is the last. */
  readonly #open = new Map<string, PointsFile>();

  constructor(database: Database, historyFolder: string) {
    this.#folder = historyFolder;
    this.#spans = database.prepare(SPANS);
    this.#spansOfAll = database.prepare(SPANS_OF_ALL);
    this.#spansIn = database.prepare(SPANS_IN);
  }

  /** The runs of a series with points in a span of time, in the order of their arrival. */
  runs(series: number, fromUs: number, toUs: number): Run[] {
    return this.#spans.all(series, fromUs, toUs) as Run[];
  }

  /** The same for several series, by their numbers. */
  runsOfAll(series: readonly number[], fromUs: number, toUs: number): Map<number, Run[]> {
    const runs = this.#spansOfAll.all(JSON.stringify(series), fromUs, toUs);
    return Map.groupBy(runs as (Run & { series: number })[], (run) => run.series);
  }

  /** The runs of a series in some files of a stream, in the order of these. */
  runsIn(files: readonly IndexedFile[], stream: string, series: number): Run[] {
    if (this.#asked?.files !== files) this.#asked = askedFiles(files, stream);
    const { ids, byId } = this.#asked;
    const found = this.#spansIn.all(ids, series) as Omit<Run, "order" | "file" | "cutoffUs">[];
    // Each is in one of the files that were asked for.
    return found.map((run) => ({ ...run, ...(byId.get(run.fileId) as AskedFile), cutoffUs: 0 }));
  }

  /**
   * @throws Error with the code ENOENT where the file is gone, and DamagedFileFault.
   */
  read({ file, location, rows }: Run): Points {
    return this.#opened(file).read(location, rows);
  }

  /** Closes all files. */
  [Symbol.dispose](): void {
    for (const file of this.#open.values()) file[Symbol.dispose]();
    this.#open.clear();
  }

  #opened(file: string): PointsFile {
    const known = this.#open.get(file);
    const opened = known ?? orOld(join(this.#folder, file), (path) => new PointsFile(path));
    this.#open.delete(file);
    this.#open.set(file, opened);
    if (this.#open.size > OPEN_FILES_MAX) {
      const [oldest = ""] = this.#open.keys();
      this.#open.get(oldest)?.[Symbol.dispose]();
      this.#open.delete(oldest);
    }
    return opened;
  }
}

interface AskedFile {
  order: number;
  /** Relative to the folder of the history. */
  file: string;
}

interface AskedFiles {
  files: readonly IndexedFile[];
  /** As JSON. */
  ids: string;
  byId: ReadonlyMap<number, AskedFile>;
}

function askedFiles(files: readonly IndexedFile[], stream: string): AskedFiles {
  const known = files.map((file, order): [number, AskedFile] => [
    file.id,
    { order, file: join(`stream=${stream}`, relativeOf(file)) },
  ]);
  return { files, ids: JSON.stringify(files.map(({ id }) => id)), byId: new Map(known) };
}
