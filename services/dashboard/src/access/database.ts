import { closeSync, openSync } from "node:fs";
import {
  EXIT_CODES,
  errorCode,
  errorMessage,
  Fault,
  makePlaceOf,
  orOpeningFault,
} from "@weir/runtime";
import Sqlite, { type Database } from "better-sqlite3";
import { STEPS } from "./schema.ts";

/** "WDsh": the file is one of Weir's dashboard. */
const APPLICATION_ID = 0x57_44_73_68;
const READ_BY_OWNER = 0o600;
/** SQLite waits on the thread of the process. */
const BUSY_MS_MAX = 250;

/**
 * Opens the file of users, sessions and the connection log, makes it where there is none, and brings an older one up
 * to date.
 *
 * @throws Fault for a file that is damaged, of another program or of a newer version: another one in its place would
 *   have no users, and whoever comes first could become one.
 */
export function openDashboardFile(file: string): Database {
  makePlaceOf(file, "DASHBOARD_FILE");
  return orOpeningFault(file, "DASHBOARD_FILE", () => {
    // SQLite would make it readable for everybody.
    closeSync(openSync(file, "a", READ_BY_OWNER));
    const database = new Sqlite(file, { timeout: BUSY_MS_MAX });
    try {
      database.pragma("foreign_keys = ON");
      check(database, file);
      database.pragma("journal_mode = WAL");
      // A user who was removed must not be back after a power cut.
      database.pragma("synchronous = FULL");
      update(database);
      return database;
    } catch (error) {
      database.close();
      throw orDamaged(file, error);
    }
  });
}

/** @throws Fault for a file that is not the dashboard's, SqliteError for a damaged one. */
function check(database: Database, file: string): void {
  const pragma = (name: string): unknown => database.pragma(name, { simple: true });
  if (pragma("schema_version") === 0) return;
  if (pragma("application_id") !== APPLICATION_ID) {
    throw refused(
      `DASHBOARD_FILE: ${file} belongs to another program`,
      "Name another place in DASHBOARD_FILE: the file is made where it is missing.",
    );
  }
  if (Number(pragma("user_version")) > STEPS.length) {
    throw refused(
      `DASHBOARD_FILE: ${file} was written by a newer version of Weir`,
      "Start that version, or name another place in DASHBOARD_FILE.",
    );
  }
  const found = pragma("quick_check(1)");
  if (found !== "ok") throw new Sqlite.SqliteError(String(found), "SQLITE_CORRUPT");
}

/** Takes the steps that are missing, all or none. */
function update(database: Database): void {
  const takeSteps = database.transaction(() => {
    const version = Number(database.pragma("user_version", { simple: true }));
    for (const step of STEPS.slice(version)) database.exec(step);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${STEPS.length}`);
  });
  takeSteps.immediate();
}

function orDamaged(file: string, cause: unknown): unknown {
  if (!/^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(cause) ?? "")) return cause;
  return new Fault(`DASHBOARD_FILE: ${file} is damaged: ${errorMessage(cause)}`, {
    remedy:
      "Put a copy of it in its place. Or move it away, with its -wal file: users, tokens and the connection log begin empty, and the log shows a code for the first user.",
    exitCode: EXIT_CODES.cannotCreate,
    cause,
  });
}

function refused(message: string, remedy: string): Fault {
  return new Fault(message, { remedy, exitCode: EXIT_CODES.configuration });
}
