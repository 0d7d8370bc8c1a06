import { closeSync, openSync } from "node:fs";
import {
  EXIT_CODES,
  errorCode,
  errorMessage,
  Fault,
  lockFile,
  makePlaceOf,
  orOpeningFault,
} from "@weir/runtime";
import Sqlite, { type Database } from "better-sqlite3";
import { STEPS } from "./schema.ts";

/** "WFlw": the file is one of Weir's workflows. */
const APPLICATION_ID = 0x57_46_6c_77;
const READ_BY_OWNER = 0o600;
/** SQLite waits on the thread of the process; what was not written is tried again anyway. */
const BUSY_MS_MAX = 50;
/** A process that was killed may hold its lock for a moment longer. */
const LOCK_WAIT_MS = 5_000;

/** The file of the run log, open for this process alone. */
export interface LogFile extends Disposable {
  database: Database;
}

/**
 * Opens the file of runs, alerts and actions, makes it where there is none, and brings an older one up to date.
 *
 * @throws Fault for a file that is damaged, of another program or of a newer version, or that another process uses:
 *   with another one in its place actions might happen twice.
 */
export function openWorkflowsFile(file: string): LogFile {
  makePlaceOf(file, "WORKFLOWS_FILE");
  return orOpeningFault(file, "WORKFLOWS_FILE", () => {
    const lock = lockFile(file, {
      message: `WORKFLOWS_FILE: another process runs workflows with ${file}`,
      remedy: "End it, or name another file in WORKFLOWS_FILE.",
      waitMs: LOCK_WAIT_MS,
    });
    try {
      const database = openDatabase(file);
      return {
        database,
        [Symbol.dispose]: () => {
          database.close();
          lock[Symbol.dispose]();
        },
      };
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  });
}

function openDatabase(file: string): Database {
  // SQLite would make it readable for everybody.
  closeSync(openSync(file, "a", READ_BY_OWNER));
  const database = new Sqlite(file, { timeout: BUSY_MS_MAX });
  try {
    check(database, file);
    database.pragma("foreign_keys = ON");
    database.pragma("journal_mode = WAL");
    // An action that was begun must not be unknown after a power cut.
    database.pragma("synchronous = FULL");
    update(database);
    return database;
  } catch (error) {
    database.close();
    throw orDamaged(file, error);
  }
}

/** @throws Fault for a file that is not the workflows', SqliteError for a damaged one. */
function check(database: Database, file: string): void {
  const pragma = (name: string): unknown => database.pragma(name, { simple: true });
  if (pragma("schema_version") === 0) return;
  if (pragma("application_id") !== APPLICATION_ID) {
    throw refused(
      `WORKFLOWS_FILE: ${file} belongs to another program`,
      "Name another place in WORKFLOWS_FILE: the file is made where it is missing.",
    );
  }
  if (Number(pragma("user_version")) > STEPS.length) {
    throw refused(
      `WORKFLOWS_FILE: ${file} was written by a newer version of Weir`,
      "Start that version, or name another place in WORKFLOWS_FILE.",
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
  return new Fault(`WORKFLOWS_FILE: ${file} is damaged: ${errorMessage(cause)}`, {
    remedy:
      "Put a copy of it in its place. Or move it away, with its -wal file: runs, alerts and actions that wait are lost, and the workflows begin with what is stored from then on.",
    exitCode: EXIT_CODES.cannotCreate,
    cause,
  });
}

function refused(message: string, remedy: string): Fault {
  return new Fault(message, { remedy, exitCode: EXIT_CODES.configuration });
}
