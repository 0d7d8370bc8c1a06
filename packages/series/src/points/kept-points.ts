import { errorCode } from "@weir/runtime";
import { DamagedFileFault } from "../points-file/damaged-file.ts";
import { mergePoints, NO_POINTS, type Points, sliceTime } from "../points-file/points.ts";
import type { PointsFileName, StreamFolder } from "./history-folder.ts";
import type { IndexedFile, PointsIndex } from "./points-index.ts";
import { inGroups } from "./run-groups.ts";
import type { Run, RunReader } from "./run-reader.ts";

/** A file of points that cannot be read, and is not part of the history any more. */
export interface LostFile {
  stream: string;
  /** Its whole name; a damaged one is kept with `.damaged` behind it. */
  file: string;
  /** Why it cannot be read. */
  reason: unknown;
  /** Its points; `null` where that is not known. */
  rows: number | null;
}

/** The points of one stream that are in files, for the program that writes them: damaged files are set aside. */
export class KeptPoints {
  readonly #stream: string;
  readonly #folder: StreamFolder;
  readonly #index: PointsIndex;
  readonly #runs: RunReader;
  readonly #onLost: (lost: LostFile) => void;

  constructor(options: {
    stream: string;
    folder: StreamFolder;
    index: PointsIndex;
    runs: RunReader;
    onLost: (lost: LostFile) => void;
  }) {
    this.#stream = options.stream;
    this.#folder = options.folder;
    this.#index = options.index;
    this.#runs = options.runs;
    this.#onLost = options.onLost;
  }

  /** The points of a series with `fromUs <= us < toUs`, in the order of time; those of damaged files are missing. */
  between(series: number, fromUs: number, toUs: number): Points {
    const parts: Points[] = [];
    for (const run of this.#runs.runs(series, fromUs, toUs)) {
      const points = this.#read(run);
      if (points !== null) parts.push(sliceTime(points, fromUs, toUs));
    }
    return mergePoints(parts);
  }

  /** The runs of a series in some files, in the order of these. */
  runsIn(files: readonly IndexedFile[], series: number): Run[] {
    return this.#runs.runsIn(files, this.#stream, series);
  }

  /** All points of a series, a part after the other in the order of time; those of damaged files are missing. */
  *inOrder(series: number): Generator<Points> {
    for (const group of inGroups(this.#runs.runs(series, -Infinity, Infinity))) {
      yield mergePoints(group.map((run) => this.#read(run) ?? NO_POINTS));
    }
  }

  /**
   * The points of some runs of a series, in the order of time.
   *
   * @param runs in the order of their arrival.
   * @returns `null` where a file is damaged or gone: it is not part of the history any more.
   */
  readAll(runs: readonly Run[]): Points | null {
    const parts: Points[] = [];
    for (const run of runs) {
      const points = this.#read(run);
      if (points === null) return null;
      parts.push(points);
    }
    return mergePoints(parts);
  }

  /** Sets a file aside that cannot be read, and forgets that it was part of the history. */
  lose(file: IndexedFile, reason: unknown): void {
    this.#runs[Symbol.dispose]();
    this.setAside(file, reason, file.rows);
    this.#index.lose(file);
  }

  /** Sets a file aside that cannot be read. @param rows its points, where they are known. */
  setAside(name: PointsFileName, reason: unknown, rows: number | null = null): void {
    this.#folder.setAside(name);
    this.#onLost({ stream: this.#stream, file: this.#folder.fileOf(name), reason, rows });
  }

  /** Closes all files; the next reading opens them again. */
  close(): void {
    this.#runs[Symbol.dispose]();
  }

  #read(run: Run): Points | null {
    try {
      return this.#runs.read(run);
    } catch (error) {
      if (!(error instanceof DamagedFileFault) && errorCode(error) !== "ENOENT") throw error;
      const file = this.#index.files().find(({ id }) => id === run.fileId);
      if (file !== undefined) this.lose(file, error);
      return null;
    }
  }
}
