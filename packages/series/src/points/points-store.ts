import type { Clock } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { openIndex } from "../index-file/index-file.ts";
import { checkEnds, DamagedFileFault } from "../points-file/damaged-file.ts";
import { historyFolderOf, relativeOf, StreamFolder } from "./history-folder.ts";
import { type HistoryStep, HistoryWriter } from "./history-writer.ts";
import { KeptPoints, type LostFile } from "./kept-points.ts";
import { type IndexedFile, PointsIndex } from "./points-index.ts";
import { type RebuildProgress, rebuild } from "./rebuild.ts";
import { RunReader } from "./run-reader.ts";

interface PointsStoreOptions {
  indexFile: string;
  clock: Clock;
  /** A file cannot be read, and is not part of the history any more. */
  onLost: (lost: LostFile) => void;
  /** The index was lost, and is made again from the files. */
  onRebuilding?: (progress: RebuildProgress) => void;
  onStep?: (step: HistoryStep) => void | Promise<void>;
}

/** Writes the history of all streams: files of points, and where they lie in the index. One program does. */
export class PointsStore implements Disposable {
  readonly #options: PointsStoreOptions;
  readonly #database: Database;
  readonly #runs: RunReader;
  readonly #writers = new Map<string, Promise<HistoryWriter>>();
  readonly #opened: HistoryWriter[] = [];

  /** @throws Fault for a file of another program, and what SQLite throws when it cannot open the file. */
  constructor(options: PointsStoreOptions) {
    const { indexFile, clock } = options;
    this.#options = options;
    this.#database = openIndex(indexFile, clock.now()).database;
    // A file is removed only when a power cut cannot bring back the index that needs it.
    this.#database.pragma("synchronous = FULL");
    this.#runs = new RunReader(this.#database, historyFolderOf(indexFile));
  }

  /**
   * Opens the history of a stream. Where its index was lost, it is made again from the files, which can take minutes.
   *
   * @param historyMs how long points are kept, in milliseconds; Infinity for ever.
   */
  stream(name: string, { historyMs }: { historyMs: number }): Promise<HistoryWriter> {
    const known = this.#writers.get(name);
    if (known !== undefined) return known;
    const opened = this.#open(name, historyMs);
    this.#writers.set(name, opened);
    // After a failure the next call tries again.
    opened.catch(() => this.#writers.delete(name));
    return opened;
  }

  /** The deletions whose points are gone. */
  erased(): ReadonlySet<string> {
    const select = this.#database.prepare<[], string>("SELECT deletion FROM erased").pluck();
    return new Set(select.all());
  }

  /** Notes that the points of a deletion are gone, or that it need not be known any more. */
  noteErased(deletion: string, isErased: boolean): void {
    const change = isErased
      ? "INSERT OR IGNORE INTO erased VALUES (?)"
      : "DELETE FROM erased WHERE deletion = ?";
    this.#database.prepare(change).run(deletion);
  }

  /** What was not flushed is forgotten, and a merge that is under way ends. */
  [Symbol.dispose](): void {
    for (const writer of this.#opened) writer[Symbol.dispose]();
    this.#runs[Symbol.dispose]();
    this.#database.close();
  }

  async #open(stream: string, historyMs: number): Promise<HistoryWriter> {
    const { indexFile, clock, onLost, onRebuilding = () => {}, onStep = () => {} } = this.#options;
    const folder = new StreamFolder(historyFolderOf(indexFile), stream);
    const index = new PointsIndex(this.#database, stream);
    const kept = new KeptPoints({ stream, folder, index, runs: this.#runs, onLost });
    const rebuilding = { stream, folder, index, kept, onProgress: onRebuilding };
    const found = index.state() ?? (await rebuild(rebuilding));
    const state = { ...found, nextNumber: Math.max(found.nextNumber, tidy(folder, index, kept)) };
    const common = { stream, state, index, folder, kept };
    const writer = new HistoryWriter({ ...common, historyMs, clock, onStep });
    this.#opened.push(writer);
    return writer;
  }
}

/**
 * Removes what a kill has left, and finds what is missing or damaged.
 *
 * @returns a number that no file has, nor any after it.
 */
function tidy(folder: StreamFolder, index: PointsIndex, kept: KeptPoints): number {
  const missing = new Map(index.files().map((file) => [relativeOf(file), file]));
  let next = 1;
  for (const { path, number, suffix } of folder.list()) {
    next = Math.max(next, number + 1);
    if (StreamFolder.isDamaged({ suffix })) continue;
    const file = missing.get(path);
    if (file === undefined) folder.remove(path);
    else if (missing.delete(path)) loseDamaged(file, folder.fileOf(file), kept);
  }
  for (const file of missing.values()) {
    kept.lose(file, new Error(`${folder.fileOf(file)} is missing`));
  }
  return next;
}

/** Sets a file aside that was cut off or overwritten: otherwise that shows only when it is merged. */
function loseDamaged(file: IndexedFile, path: string, kept: KeptPoints): void {
  try {
    checkEnds(path, file.bytes);
  } catch (error) {
    // What cannot be opened may be readable later: who needs its points reports it.
    if (error instanceof DamagedFileFault) kept.lose(file, error);
  }
}
