import { LOCK_MS_MAX, orOpeningFault } from "@weir/sqlite";
import Sqlite, { type Database } from "better-sqlite3";
import { migrate, schemaVersion } from "./schema.ts";

export interface SegmentOptions {
  file: string;
  stream: string;
  /** FULL survives a power cut; NORMAL may then lose the newest commits, but never more. */
  synchronous: "FULL" | "NORMAL";
  /** Now, in microseconds since the epoch. */
  nowUs: number;
}

const JOURNAL_BYTES_MAX = 64 * 1024 * 1024;

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
      // Only a file without tables takes it; later it needs a VACUUM. To say it again is a commit.
      if (schemaVersion(database) === 0) database.pragma("auto_vacuum = INCREMENTAL");
      database.pragma("journal_mode = WAL");
      database.pragma(`synchronous = ${synchronous}`);
      database.pragma(`journal_size_limit = ${JOURNAL_BYTES_MAX}`);
      migrate(database, { stream, createdUs: nowUs });
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}
