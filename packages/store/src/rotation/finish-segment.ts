import { closeSync, fchmodSync, fsyncSync, openSync, type Stats, statSync } from "node:fs";
import { errorCode, fsyncFolderOf } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { closeGaps } from "../deletion/hidden-rows.ts";
import { withDatabase } from "../segment/segment-file.ts";
import { isFinished, readSeal } from "./make-segment.ts";

const BUSY_TIMEOUT_MS = 1_000;
const WRITE_BITS = 0o222;

/**
 * Makes one portable file out of a sealed segment: without what removed rows have left, indexed by topic, analysed
 * for SQLite's planner, without a write-ahead log, read-only. After a kill at any moment it can begin again.
 *
 * @returns `in use` when a reader still needs the write-ahead log. It can be tried again.
 */
export function finishSegment(file: string): "finished" | "in use" {
  const stats = statSync(file);
  if (isFinished(stats)) return "finished";
  try {
    withDatabase(file, { timeout: BUSY_TIMEOUT_MS }, (database) => {
      if (readSeal(database) === null) {
        throw new Error("it has no successor: it may still be written");
      }
      // While there is a write-ahead log, readers do not block this.
      closeGaps(database);
      addIndex(database);
      database.pragma("wal_checkpoint(TRUNCATE)");
      database.pragma("journal_mode = DELETE");
    });
  } catch (error) {
    if (errorCode(error)?.startsWith("SQLITE_BUSY")) return "in use";
    throw error;
  }
  makeReadOnly(file, stats);
  return "finished";
}

function addIndex(database: Database): void {
  // A crash of the machine costs the index, which is made again, never the rows.
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

/** The last step: a read-only segment counts as finished. */
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
