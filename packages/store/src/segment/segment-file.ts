import { existsSync, rmSync, statSync } from "node:fs";
import {
  EXIT_CODES,
  errorCode,
  errorMessage,
  Fault,
  isLocked,
  LOCK_MS_MAX,
  newerFormat,
  orOpeningFault,
} from "@weir/runtime";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { APPLICATION_ID, migrate, SCHEMA_VERSION, schemaVersion } from "./schema.ts";

export interface SegmentOptions {
  file: string;
  stream: string;
  /** FULL survives a power cut; NORMAL may then lose the newest commits, but never more. */
  synchronous: "FULL" | "NORMAL";
  /** Now, in microseconds since the epoch. */
  nowUs: number;
}

const JOURNAL_BYTES_MAX = 64 * 1024 * 1024;
/** New rows need few pages of those before; better-sqlite3 would keep 16 MB of them. */
const CACHE_KIB = 4_096;

/**
 * Opens or makes one segment file for writing and brings it to the current format.
 *
 * @param setting the setting that names the file or its folder, for the remedy.
 */
export function openSegment(
  { file, stream, synchronous, nowUs }: SegmentOptions,
  setting = "DB_FILE",
): Database {
  return orOpeningFault(file, setting, () => {
    const database = new Sqlite(file, { timeout: LOCK_MS_MAX });
    try {
      // Only a file without tables takes this. In any other it would be a commit without effect.
      if (schemaVersion(database) === 0) database.pragma("auto_vacuum = INCREMENTAL");
      database.pragma("journal_mode = WAL");
      database.pragma(`synchronous = ${synchronous}`);
      database.pragma(`journal_size_limit = ${JOURNAL_BYTES_MAX}`);
      database.pragma(`cache_size = -${CACHE_KIB}`);
      // A page that gets another use keeps nothing of what was in it: deletions must find all copies of a row.
      database.pragma("secure_delete = FAST");
      migrate(database, { stream, createdUs: nowUs });
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/**
 * Finds out what a file is: nothing yet, a store, or a database of the system that Weir replaces (a table
 * `messages(number, epochtime)`).
 *
 * @param lockMs how long to wait for a lock.
 * @throws Fault when it is anything else: Weir never overwrites it.
 */
export function identifyFile(
  file: string,
  lockMs: number = LOCK_MS_MAX,
): "missing" | "weir" | "legacy" {
  if (!existsSync(file) || statSync(file).size === 0) return "missing";

  try {
    const kind = withDatabase(file, { timeout: lockMs }, (database) => {
      if (database.pragma("application_id", { simple: true }) === APPLICATION_ID) {
        refuseNewerVersion(file, database);
        return "weir";
      }
      if (hasLegacyTable(database)) return "legacy";
      const tables = database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
      return tables === 0 ? "missing" : null;
    });
    if (kind !== null) return kind;
  } catch (cause) {
    if (cause instanceof Fault || isLocked(cause)) throw cause;
    if (errorCode(cause) === "SQLITE_NOTADB") throw foreignFile(file, "is not an SQLite database");
    throw new Fault(`${file} cannot be read: ${errorMessage(cause)}`, {
      remedy: "It may be damaged: move it away and restore a copy, or start with a new file.",
      cause,
    });
  }
  throw foreignFile(file, "is an SQLite database of another program");
}

function hasLegacyTable(database: Database): boolean {
  const columns = database.prepare("SELECT name FROM pragma_table_info('messages')").pluck().all();
  const isTable = database
    .prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'messages' AND type = 'table'")
    .pluck()
    .get();
  return isTable === 1 && columns.includes("number") && columns.includes("epochtime");
}

function refuseNewerVersion(file: string, database: Database): void {
  const found = schemaVersion(database);
  if (found <= SCHEMA_VERSION) return;
  throw newerFormat(file, found, SCHEMA_VERSION);
}

function foreignFile(file: string, what: string): Fault {
  return new Fault(`DB_FILE: ${file} ${what}`, {
    remedy: "Name another file in DB_FILE; Weir does not change this one.",
    exitCode: EXIT_CODES.configuration,
  });
}

/** Opens a file that exists for one task, and closes it. */
export function withDatabase<T>(
  file: string,
  options: Sqlite.Options,
  task: (database: Database) => T,
): T {
  const database = new Sqlite(file, { fileMustExist: true, timeout: LOCK_MS_MAX, ...options });
  try {
    return task(database);
  } finally {
    database.close();
  }
}

/** Removes a database file. The journals go first: nothing would remove one without its file. */
export function removeWithJournals(file: string): void {
  for (const journal of ["-wal", "-shm", "-journal", ""]) rmSync(file + journal, { force: true });
}

/** Runs a task that fails at once where another connection is in its way. */
export function withoutWaiting<T>(database: Database, task: () => T): T {
  const waitMs = database.pragma("busy_timeout", { simple: true }) as number;
  database.pragma("busy_timeout = 0");
  try {
    return task();
  } finally {
    database.pragma(`busy_timeout = ${waitMs}`);
  }
}

/**
 * Brings what the write-ahead log holds into the file, and gives its space back to the disk. Where the
 * file cannot grow for it the log stays: deleting then fails, because the disk is full. What a reader
 * still needs of it stays, too, because waiting for that would keep commits waiting.
 *
 * @returns whether it is empty.
 */
export function emptyLog(database: Database): boolean {
  try {
    const isBusy = withoutWaiting(database, () =>
      database.pragma("wal_checkpoint(TRUNCATE)", { simple: true }),
    );
    return isBusy === 0;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return false;
  }
}

/**
 * Spares transactions the wait for the disk until it is disposed of. A power cut may bring back what they
 * removed: do it again then. What is written after them is as safe as ever.
 */
export function relaxSync(database: Database): Disposable {
  const synchronous = database.pragma("synchronous", { simple: true }) as number;
  const normal = 1;
  database.pragma(`synchronous = ${Math.min(synchronous, normal)}`);
  return {
    [Symbol.dispose]: () => void database.pragma(`synchronous = ${synchronous}`),
  };
}

// SQLITE_IOERR_SHMSIZE: the index of the write-ahead log could not be made or grow.
const DISK_FULL_CODES = new Set(["SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "ENOSPC", "EDQUOT"]);

/** Whether something failed because the disk is full. */
export function isDiskFull(error: unknown): boolean {
  if (DISK_FULL_CODES.has(errorCode(error) ?? "")) return true;
  return error instanceof Error && error.cause !== undefined && isDiskFull(error.cause);
}
