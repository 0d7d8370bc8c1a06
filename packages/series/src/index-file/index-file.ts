import { existsSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { EXIT_CODES, errorCode, errorMessage, Fault, newerFormat } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { APPLICATION_ID, INDEX_VERSION, STEPS } from "./schema.ts";

/** SQLite waits on the thread of the process, and both a save and a look are repeated after a while anyway. */
const BUSY_MS_MAX = 100;

/** Where the index of a store is. @param storeFile as DB_FILE names it. */
export function indexFileOf(storeFile: string): string {
  return join(dirname(storeFile), "index.db");
}

/** An index that is open for writing. */
export interface OpenedIndex {
  database: Database;
  /** Where a damaged file is kept that was found in its place; `null` for none. */
  keptAs: string | null;
}

/**
 * Opens the index for writing, makes it where there is none, and brings an older one up to date. One that is damaged
 * is kept under another name: what it held is read again.
 *
 * @throws Fault for a file of another program, and what SQLite throws when it cannot open the file.
 */
export function openIndex(file: string, nowMs: number): OpenedIndex {
  try {
    return { database: openOrMake(file), keptAs: null };
  } catch (error) {
    const code = errorCode(error);
    if (code === null || !DAMAGED.test(code)) throw error;
    const keptAs = `${file}.damaged-${nowMs}`;
    for (const journal of ["-wal", "-shm", ""]) {
      if (existsSync(file + journal)) renameSync(file + journal, keptAs + journal);
    }
    return { database: openOrMake(file), keptAs };
  }
}

/**
 * Opens the index for reading, also while it is written.
 *
 * @returns `null` while there is none.
 * @throws Fault for a file that cannot be read.
 */
export function openIndexForReading(file: string): Database | null {
  if (!existsSync(file)) return null;
  try {
    const options = { readonly: true, fileMustExist: true, timeout: BUSY_MS_MAX };
    const database = new Sqlite(file, options);
    try {
      versionOf(database, file);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw orReadingFault(file, error);
  }
}

/**
 * Reads the index, also while it is written.
 *
 * @returns `null` while there is none.
 * @throws Fault for a file that cannot be read.
 */
export function whileReading<T>(file: string, read: (database: Database) => T): T | null {
  const database = openIndexForReading(file);
  if (database === null) return null;
  try {
    return read(database);
  } catch (error) {
    throw orReadingFault(file, error);
  } finally {
    database.close();
  }
}

/** What a look into the index has thrown, as a Fault. */
export function orReadingFault(file: string, cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  const code = errorCode(cause) ?? "";
  const isLocked = code.startsWith("SQLITE_BUSY");
  let remedy = "It can be read only by who may also write to its folder.";
  if (isLocked) remedy = "Another program has locked it: end that program, or try again later.";
  if (DAMAGED.test(code))
    remedy = "Restart stats: it keeps this file under another name and makes another.";
  return new Fault(`${file} cannot be read: ${errorMessage(cause)}`, {
    remedy,
    exitCode: isLocked ? EXIT_CODES.tryLater : EXIT_CODES.unavailable,
    cause,
  });
}

const DAMAGED = /^SQLITE_(CORRUPT|NOTADB)/;
function openOrMake(file: string): Database {
  const database = new Sqlite(file, { timeout: BUSY_MS_MAX });
  try {
    const isNew = database.pragma("schema_version", { simple: true }) === 0;
    const version = isNew ? 0 : checkedVersion(database, file);
    // Merging files frees pages, which can then be given back: SQLite has to know before the first table.
    database.pragma("auto_vacuum = INCREMENTAL");
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = NORMAL");
    if (version < INDEX_VERSION) update(database);
    // A file that was made without that is written once more.
    if (!givesBack(database)) database.exec("VACUUM");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const AUTO_VACUUM_INCREMENTAL = 2;

function givesBack(database: Database): boolean {
  return database.pragma("auto_vacuum", { simple: true }) === AUTO_VACUUM_INCREMENTAL;
}

/** Takes the steps that are missing, all or none. */
function update(database: Database): void {
  const takeSteps = database.transaction(() => {
    // Another program may have been faster.
    const version = Number(database.pragma("user_version", { simple: true }));
    for (const step of STEPS.slice(version)) database.exec(step);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${INDEX_VERSION}`);
  });
  takeSteps.immediate();
}

/** @throws Fault for another program's file, and SqliteError for one that is damaged anywhere. */
function checkedVersion(database: Database, file: string): number {
  const version = versionOf(database, file);
  const found = database.pragma("quick_check(1)", { simple: true });
  if (found !== "ok") throw new Sqlite.SqliteError(String(found), "SQLITE_CORRUPT");
  return version;
}

/** @throws Fault for another program's file, or a version that this program does not know. */
function versionOf(database: Database, file: string): number {
  const pragma = (name: string): unknown => database.pragma(name, { simple: true });
  const version = Number(pragma("user_version"));
  const isOurs = pragma("application_id") === APPLICATION_ID;
  if (isOurs && version >= 1 && version <= INDEX_VERSION) {
    return version;
  }
  if (isOurs && version > INDEX_VERSION) throw newerFormat(file, version, INDEX_VERSION);
  throw new Fault(`${file} is no catalogue of series`, {
    remedy: "Move it away: stats makes another one from the stored rows.",
    exitCode: EXIT_CODES.cannotCreate,
  });
}

/** Whether an index has the tables of the history: one of an older version may not have been updated yet. */
export function hasHistory(database: Database): boolean {
  return Number(database.pragma("user_version", { simple: true })) >= 2;
}
