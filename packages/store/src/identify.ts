import { existsSync, statSync } from "node:fs";
import { EXIT_CODES, errorCode, errorMessage, Fault } from "@weir/fault";
import { isLocked, LOCK_MS_MAX } from "@weir/sqlite";
import Sqlite, { type Database } from "better-sqlite3";
import { APPLICATION_ID, SCHEMA_VERSION, schemaVersion } from "./schema.ts";

/** What a path holds, as far as a store cares. */
export type FileKind = "missing" | "weir" | "legacy";

/**
 * Tells what a file is: nothing yet, a store, or a database of the system that Weir replaces (a table
 * `messages(number, epochtime)`).
 *
 * @throws Fault when it is anything else: it is never overwritten.
 */
export function identifyFile(file: string): FileKind {
  if (!existsSync(file) || statSync(file).size === 0) return "missing";

  const database = new Sqlite(file, { fileMustExist: true, timeout: LOCK_MS_MAX });
  try {
    if (database.pragma("application_id", { simple: true }) === APPLICATION_ID) {
      refuseNewerVersion(file, database);
      return "weir";
    }
    if (hasLegacyTable(database)) return "legacy";
    if (isEmpty(database)) return "missing";
  } catch (cause) {
    if (cause instanceof Fault || isLocked(cause)) throw cause;
    if (errorCode(cause) === "SQLITE_NOTADB") throw foreignFile(file, "is not an SQLite database");
    throw new Fault(`${file} cannot be read: ${errorMessage(cause)}`, {
      remedy: "It may be damaged: move it away and restore a copy, or start with a new file.",
      cause,
    });
  } finally {
    database.close();
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

function isEmpty(database: Database): boolean {
  return database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0;
}

function refuseNewerVersion(file: string, database: Database): void {
  const found = schemaVersion(database);
  if (found <= SCHEMA_VERSION) return;
  throw new Fault(`${file} has format version ${found}; this Weir knows up to ${SCHEMA_VERSION}`, {
    remedy: "Use the version of Weir that wrote it, or a newer one.",
    exitCode: EXIT_CODES.configuration,
  });
}

function foreignFile(file: string, what: string): Fault {
  return new Fault(`DB_FILE: ${file} ${what}`, {
    remedy: "Name another file in DB_FILE; this one is left as it is.",
    exitCode: EXIT_CODES.configuration,
  });
}
