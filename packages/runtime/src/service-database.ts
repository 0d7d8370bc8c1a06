import { closeSync, openSync } from "node:fs";
import Sqlite, { type Database } from "better-sqlite3";
import { newerFormat } from "./database-format.ts";
import { EXIT_CODES, errorCode, errorMessage, Fault } from "./fault.ts";
import { makePlaceOf, orOpeningFault } from "./writable-file.ts";

const READ_BY_OWNER = 0o600;

/** The SQLite file of one service: what it is, and how it came to be as it is. */
export interface ServiceDatabaseOptions {
  file: string;
  /** The setting that names it. */
  setting: string;
  /** Four letters that tell the file from those of others. */
  applicationId: number;
  /** SQL that makes the file, and brings an older one up to date: each step once, in order. */
  steps: readonly string[];
  /** How long a statement waits, on the thread of the process, while another program writes. */
  busyMsMax: number;
  /** What is lost where a damaged file is moved away. */
  loss: string;
}

/**
 * Opens a service's own file, makes it where there is none, and brings an older one up to date. What is committed
 * survives a loss of power.
 *
 * @throws Fault for a file that is damaged, of another program or of a newer version: it is never replaced by an empty one.
 */
export function openServiceDatabase(options: ServiceDatabaseOptions): Database {
  const { file, setting, busyMsMax } = options;
  makePlaceOf(file, setting);
  return orOpeningFault(file, setting, () => {
    // SQLite would make it readable for everybody.
    closeSync(openSync(file, "a", READ_BY_OWNER));
    const database = new Sqlite(file, { timeout: busyMsMax });
    try {
      check(database, options);
      database.pragma("foreign_keys = ON");
      database.pragma("journal_mode = WAL");
      database.pragma("synchronous = FULL");
      update(database, options);
      return database;
    } catch (error) {
      database.close();
      throw orDamaged(error, options);
    }
  });
}

/** @throws Fault for a file that is not this service's, SqliteError for a damaged one. */
function check(database: Database, { file, setting, steps, ...options }: ServiceDatabaseOptions) {
  const pragma = (name: string): unknown => database.pragma(name, { simple: true });
  if (pragma("schema_version") === 0) return;
  if (pragma("application_id") !== options.applicationId) {
    throw refused(
      `${setting}: ${file} belongs to another program`,
      `Name another place in ${setting}: the file is made where it is missing.`,
    );
  }
  const version = Number(pragma("user_version"));
  if (version > steps.length) throw newerFormat(file, version, steps.length);
  const found = pragma("quick_check(1)");
  if (found !== "ok") throw new Sqlite.SqliteError(String(found), "SQLITE_CORRUPT");
}

/** Takes the steps that are missing, all or none. */
function update(database: Database, { steps, applicationId }: ServiceDatabaseOptions): void {
  const takeSteps = database.transaction(() => {
    const version = Number(database.pragma("user_version", { simple: true }));
    for (const step of steps.slice(version)) database.exec(step);
    database.pragma(`application_id = ${applicationId}`);
    database.pragma(`user_version = ${steps.length}`);
  });
  takeSteps.immediate();
}

function orDamaged(cause: unknown, { file, setting, loss }: ServiceDatabaseOptions): unknown {
  if (!/^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(cause) ?? "")) return cause;
  return new Fault(`${setting}: ${file} is damaged: ${errorMessage(cause)}`, {
    remedy: `Put a copy of it in its place. Or move it away, with its -wal file: ${loss}.`,
    exitCode: EXIT_CODES.cannotCreate,
    cause,
  });
}

function refused(message: string, remedy: string): Fault {
  return new Fault(message, { remedy, exitCode: EXIT_CODES.configuration });
}
