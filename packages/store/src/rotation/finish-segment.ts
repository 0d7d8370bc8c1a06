import { closeSync, fchmodSync, fsyncSync, openSync, type Stats, statSync } from "node:fs";
import { errorCode } from "@weir/fault";
import { fsyncFolderOf } from "@weir/sqlite";
import Sqlite, { type Database } from "better-sqlite3";
import { isFinished, readSeal } from "./seal.ts";

/** `in use`: somebody is reading it, and must not lose the write-ahead log. It can be tried again. */
export type Finishing = "finished" | "in use";

const BUSY_TIMEOUT_MS = 1_000;
const WRITE_BITS = 0o222;

/**
 * Makes one portable file out of a sealed segment: indexed by topic, analysed for SQLite's planner,
 * without a write-ahead log, read-only. A kill at any moment leaves something to begin with again.
 */
export function finishSegment(file: string): Finishing {
  const stats = statSync(file);
  if (isFinished(stats)) return "finished";
  const database = new Sqlite(file, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  try {
    if (readSeal(database) === null)
      throw new Error("it has no successor: it may still be written");
    // While there is a write-ahead log, whoever reads is not in the way.
    addIndex(database);
    database.pragma("wal_checkpoint(TRUNCATE)");
    database.pragma("journal_mode = DELETE");
  } catch (error) {
    if (errorCode(error)?.startsWith("SQLITE_BUSY")) return "in use";
    throw error;
  } finally {
    database.close();
  }
  makeReadOnly(file, stats);
  return "finished";
}

function addIndex(database: Database): void {
  // A crash of the machine costs an index that is made again, never the rows.
  database.pragma("synchronous = NORMAL");
  const add = database.transaction(() => {
    const isThere = database
      .prepare("SELECT 1 FROM sqlite_schema WHERE name = 'rows_by_topic'")
      .get();
    if (isThere !== undefined) return;
    database.exec("CREATE INDEX rows_by_topic ON rows (topic_id)");
    database.exec("ANALYZE");
  });
  add.immediate();
}

/** The last step: what is read-only is taken for finished from here on. */
function makeReadOnly(file: string, { mode }: Stats): void {
  const descriptor = openSync(file, "r+");
  try {
    fsyncSync(descriptor);
    fchmodSync(descriptor, mode & ~WRITE_BITS);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  fsyncFolderOf(file);
}
