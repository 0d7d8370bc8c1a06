import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ReceiptEntry } from "@weir/protocol";
import { lockFile, makePlaceOf, orOpeningFault } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import type { IdleLimits } from "./ledger/forgetting.ts";
import { importLegacyFile, type LegacyImport, type LegacyImportOptions } from "./legacy-import.ts";
import type { StreamPlace } from "./reading/query.ts";
import { emptyLog, type Pruned, type PruneLimits, preparePrune } from "./retention/prune.ts";
import { BALLAST_BYTES, openBallast } from "./retention/room.ts";
import { listSegmentFolder } from "./rotation/folder.ts";
import {
  type DamagedStore,
  orFullFault,
  orPruneFault,
  setAsideIfDamaged,
} from "./segment/damage.ts";
import { type DamagedLog, keepDamagedLog } from "./segment/damaged-log.ts";
import type { Exchanges, OpenPackets } from "./segment/open-packets.ts";
import { identifyFile, openSegment } from "./segment/segment-file.ts";
import {
  type Appended,
  createSegmentWriter,
  type NewRow,
  newReachedLimits,
  type ReachedLimits,
  type WriterOptions,
} from "./segment/segment-writer.ts";
import type { SegmentedStore } from "./segmented-store.ts";

/** What a store is opened with: its segment, and how to import a file of the old system. */
export interface StoreOptions
  extends LegacyImportOptions,
    Pick<WriterOptions, "devicePrefixes" | "topicLimits"> {
  /** Room that is kept for deleting. Default 8 MiB; a test's disk may be smaller than that. */
  ballastBytes?: number;
}

/** The writing side of a store, whatever its files. A store has one. */
export interface Store extends Disposable {
  /** The file that was in the way and is damaged, kept under another name; `null` if none was. */
  damaged: DamagedStore | null;
  /** What SQLite could not read of the write-ahead log; `null` when it could read all. */
  damagedLog: DamagedLog | null;
  /**
   * Writes rows in one transaction: all of them are safe when it returns, none when it throws. Rows
   * that the ledger knows already are not written again.
   *
   * @param exchanges what becomes of packet ids of QoS 2, in the same transaction. A row whose packet id
   *   is open already is not written again.
   * @throws Fault when the disk is full or fails.
   */
  append(rows: readonly NewRow[], exchanges?: Exchanges | null): Appended;
  /** The packet ids of QoS 2 that are open. */
  openPackets: Pick<OpenPackets, "hasAny" | "isEmpty">;
  /**
   * Begins the transaction of the next `append`, for who writes into several stores: who cannot write
   * in one of them writes in none.
   *
   * @throws Fault when another program has locked it.
   */
  reserve(): void;
  /** Ends what `reserve` has begun, if nothing was appended. */
  release(): void;
  /** Whether another program has a write transaction open. Does not wait for its end. */
  isLocked(): boolean;
  /**
   * Has the ledger forget epochs that are done with, complete and idle since `idleBeforeUs`: only their
   * counts stay. Call it now and then with `EPOCH_IDLE_US`; it goes over the ledger by turns.
   *
   * @returns how many accounts were forgotten.
   * @throws Fault when the disk is full or fails.
   */
  forgetIdle(limits: IdleLimits): number;
  /** What is committed of a publisher's messages. */
  receiptOf(publisher: string): ReceiptEntry[];
  /** The publishers of the newest messages, at most `limit`. */
  recentPublishers(limit: number): string[];
  /** Whether a publisher is more than a newcomer with a name that anybody could have invented. */
  isEstablished(publisher: string): boolean;
  /** How often its limits were reached since it was opened. */
  readonly reached: Readonly<ReachedLimits>;
  /**
   * How much there is, in rows (exact only while nothing was removed by hand) and bytes; in a folder
   * the rows of the live segment, and the bytes of all.
   */
  size(): { rows: number; bytes: number };
  /** Whether the disk is all but full: then retention has to have its turn before more is taken in. */
  isShortOfRoom(): boolean;
}

/** A store in one file, from which retention removes rows. */
export interface FileStore extends Store {
  kind: "file";
  /** What was taken over from a file of the old system on opening; `null` if nothing. */
  imported: LegacyImport | null;
  /** Removes what retention does not keep, at most `rowsMax` rows. */
  prune(limits: PruneLimits): Pruned;
}

/**
 * Opens a store in one file for writing: takes its lock, puts one that is damaged aside, imports a
 * file of the old system, brings the format up to date.
 *
 * @throws Fault when it is locked, cannot be written, or is something else.
 */
export function openStore(options: StoreOptions): FileStore {
  const { file, ballastBytes = BALLAST_BYTES } = options;
  makePlaceOf(file, "DB_FILE");
  using opening = new DisposableStack();
  opening.use(orOpeningFault(file, "DB_FILE", () => lockStore(file)));
  const ballast = orOpeningFault(file, "DB_FILE", () => openBallast(file, ballastBytes));
  const { damaged, damagedLog, imported, database } = orFullFault(file, () =>
    ballast.lendWhenShort(() => openFile(options)),
  );
  opening.defer(() => database.close());
  const reached = newReachedLimits();
  const writer = createSegmentWriter(database, file, { ...options, reached });
  const prune = preparePrune(database, file);

  // From here on the caller closes them.
  const opened = opening.move();
  return {
    kind: "file",
    imported,
    damaged,
    damagedLog,
    append: writer.append,
    reserve: writer.reserve,
    release: writer.release,
    isLocked: writer.isLocked,
    openPackets: writer.openPackets,
    forgetIdle: writer.forgetIdle,
    receiptOf: writer.receiptOf,
    recentPublishers: writer.recentPublishers,
    isEstablished: writer.isEstablished,
    reached,
    prune: (limits) =>
      orPruneFault(file, () =>
        ballast.lendOnFailure((shortage) =>
          writer.noting(() => prune(limits, writer.nextId(), shortage)),
        ),
      ),
    size: () => ({ rows: writer.rows(), bytes: writer.bytes() }),
    isShortOfRoom: ballast.isShort,
    [Symbol.dispose]: () => opened.dispose(),
  };
}

type OpenedFile = Pick<FileStore, "damaged" | "damagedLog" | "imported"> & { database: Database };

function openFile(options: StoreOptions): OpenedFile {
  const { file, nowUs } = options;
  const damagedLog = orOpeningFault(file, "DB_FILE", () => keepDamagedLog(file, nowUs));
  const damaged = orOpeningFault(file, "DB_FILE", () => setAsideIfDamaged(file, nowUs));
  const imported = importIfLegacy(options);
  const database = openSegment(options);
  // What cannot be read must not lie behind what is written next: it would be found once more.
  if (damagedLog !== null) emptyLog(database);
  return { damaged, damagedLog, imported, database };
}

function lockStore(file: string): Disposable {
  return lockFile(file, {
    message: `another logger is writing ${file}`,
    remedy: "Stop it, or name another file in DB_FILE: a store has one writer.",
  });
}

function importIfLegacy(options: StoreOptions): LegacyImport | null {
  const kind = orOpeningFault(options.file, "DB_FILE", () => identifyFile(options.file));
  return kind === "legacy" ? importLegacyFile(options) : null;
}

/** The store of a stream: `kind` tells whether retention removes rows or files. */
export type StreamStore = FileStore | SegmentedStore;

/**
 * The file that a stream's newest rows are in.
 *
 * @returns `null` while there is none.
 */
export function newestFileOf(place: StreamPlace, stream: string): string | null {
  if (place.kind === "file") return existsSync(place.file) ? place.file : null;
  if (!existsSync(place.folder)) return null;
  const newest = listSegmentFolder(place.folder, stream).segments.at(-1);
  return newest === undefined ? null : join(place.folder, newest.name);
}
