import Sqlite, { type Database } from "better-sqlite3";
import { APPLICATION_ID, SCHEMA_VERSION, schemaVersion } from "../schema.ts";
import { NotAStore } from "./faults.ts";

/** Longer waits are not SQLite's, which would stop the whole process for them. */
const BUSY_MS_MAX = 20;

/** Opens a segment of any format that is known, read-only. @throws what SQLite says, or NotAStore. */
export function openForReading(file: string): Database {
  const database = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_MS_MAX });
  try {
    checkFormat(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function checkFormat(database: Database): void {
  if (database.pragma("application_id", { simple: true }) !== APPLICATION_ID) {
    throw new NotAStore("it is not a store");
  }
  const version = schemaVersion(database);
  if (version < 1 || version > SCHEMA_VERSION) {
    throw new NotAStore(`it has format version ${version}; this Weir knows 1 to ${SCHEMA_VERSION}`);
  }
}
