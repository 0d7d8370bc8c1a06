import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { lockFile, makePlaceOf, orOpeningFault } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { openLiveTask, type RowsRequest, type RowsTask } from "./deletion/rows-task.ts";
import { importLegacyFile, type LegacyImport, type LegacyImportOptions } from "./legacy-import.ts";
import type { RowPosition, StreamPlace } from "./reading/query.ts";
import type { Segment } from "./reading/segments.ts";
import { BALLAST_BYTES, openBallast, orFullFault, orPruneFault } from "./retention/disk-space.ts";
import { type Pruned, type PruneLimits, preparePrune } from "./retention/prune.ts";
import { listSegmentFolder } from "./rotation/folder.ts";
import {
  type DamagedLog,
  type DamagedStore,
  keepDamagedLog,
  setAsideIfDamaged,
} from "./segment/damage.ts";
import { emptyLog, identifyFile, openSegment } from "./segment/segment-file.ts";
import {
  createSegmentWriter,
  newReachedLimits,
  type ReachedLimits,
  type SegmentWriter,
  type WriterOptions,
} from "./segment/segment-writer.ts";

/** The writing side of a stream's store, whatever its files. A store has one. */
export interface Store extends Omit<SegmentWriter, "nextId" | "notingDamage"> {
  /** The newest row so far: everything that is stored later is behind it. */
  end(): RowPosition;
  /**
   * Opens a task of a deletion in one of the files of the store; its steps run between two commits.
   *
   * @throws what SQLite throws when the file cannot be read.
   */
  openRowsTask(segment: Segment, request: RowsRequest): RowsTask;
  /** The damaged file that was found on opening, kept under another name; `null` if there was none. */
  damaged: DamagedStore | null;
  /** What SQLite could not read of the write-ahead log; `null` when it could read everything. */
  damagedLog: DamagedLog | null;
  readonly reached: Readonly<ReachedLimits>;
  /** Whether the disk is almost full: then retention has to run before more messages are stored. */
  isShortOfSpace(): boolean;
}

/** A store in one file, from which retention removes rows. */
export interface FileStore extends Store {
  kind: "file";
  /** What was imported from a file of the old system on opening; `null` if nothing. */
  imported: LegacyImport | null;
  /** Removes what retention does not keep, at most `rowsMax` rows. */
  prune(limits: PruneLimits): Pruned;
}

export interface StoreOptions
  extends LegacyImportOptions,
    Pick<WriterOptions, "devicePrefixes" | "topicLimits"> {
  /** Disk space that is kept for deleting. Default 8 MiB; a test's disk may be smaller than that. */
  ballastBytes?: number;
}

/**
 * Opens a store in one file for writing: takes its lock, puts a damaged file aside, imports a file of the
 * old system, migrates the format.
 *
 * @throws Fault when it is locked, cannot be written, or is something else.
 */
export function openStore(options: StoreOptions): FileStore {
  const { file, ballastBytes = BALLAST_BYTES } = options;
  makePlaceOf(file, "DB_FILE");
  using opening = new DisposableStack();
  const lock = {
    message: `another logger is writing ${file}`,
    remedy: "Stop it, or name another file in DB_FILE: a store has one writer.",
  };
  opening.use(orOpeningFault(file, "DB_FILE", () => lockFile(file, lock)));
  const ballast = orOpeningFault(file, "DB_FILE", () => openBallast(file, ballastBytes));
  const { database, ...found } = orFullFault(file, () =>
    ballast.lendWhenShort(() => openFile(options)),
  );
  opening.defer(() => database.close());
  const reached = newReachedLimits();
  const { nextId, notingDamage, ...writer } = createSegmentWriter(database, file, {
    ...options,
    reached,
  });
  const prune = preparePrune(database, file);

  // From here on the caller closes them.
  const opened = opening.move();
  return {
    ...writer,
    ...found,
    kind: "file",
    reached,
    end: () => ({ segment: basename(file), id: nextId() - 1 }),
    openRowsTask: (_segment, request) =>
      openLiveTask({ database, file, writer: { notingDamage } }, request),
    prune: (limits) =>
      orPruneFault(file, () =>
        ballast.lendOnFailure((shortage) => notingDamage(() => prune(limits, nextId(), shortage))),
      ),
    isShortOfSpace: ballast.isShort,
    [Symbol.dispose]: () => opened.dispose(),
  };
}

function openFile(
  options: StoreOptions,
): Pick<FileStore, "damaged" | "damagedLog" | "imported"> & { database: Database } {
  const { file, nowUs } = options;
  const { damaged, damagedLog, kind } = orOpeningFault(file, "DB_FILE", () => ({
    damagedLog: keepDamagedLog(file, nowUs),
    damaged: setAsideIfDamaged(file, nowUs, { isOurs: false }),
    kind: identifyFile(file),
  }));
  const imported = kind === "legacy" ? importLegacyFile(options) : null;
  const database = openSegment(options);
  // New frames must not follow what cannot be read: the next start would find that again.
  if (damagedLog !== null) emptyLog(database);
  return { damaged, damagedLog, imported, database };
}

/**
 * The file that a stream's newest rows are in.
 *
 * @returns `null` while there is none.
 */
export function newestFileOf(place: StreamPlace, stream: string): string | null {
  if (place.kind === "file") return existsSync(place.file) ? place.file : null;
  if (!existsSync(place.folder)) return null;
  const { segments } = listSegmentFolder(place.folder, stream);
  return segments.map(({ name }) => join(place.folder, name)).findLast(existsSync) ?? null;
}
