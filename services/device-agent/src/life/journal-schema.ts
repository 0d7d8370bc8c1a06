import { EXIT_CODES, Fault } from "@weir/fault";
import type { Database } from "better-sqlite3";

/** "WJRN" in the header of the file. */
const APPLICATION_ID = 0x574a524e;
const SCHEMA_VERSION = 1;

/** What "open" and "ended" are in SQL; the indices hold for exactly these words. */
export const IS_OPEN = "status IN ('received', 'running')";
export const HAS_ENDED = "status NOT IN ('received', 'running')";

/**
 * - `commands`: what was taken in, in the order of arrival. One that has ended keeps its key and its
 *   status alone, so that it is known when it comes again; one without an id is gone then. `known_ms`
 *   is when it was issued, where it says so, else when it came.
 * - `acks`: what the broker does not have yet.
 * - `horizons`: per device, the newest `known_ms` that was forgotten.
 */
const VERSION_1 = `
CREATE TABLE commands (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  device TEXT NOT NULL,
  key TEXT NOT NULL,
  known_ms INTEGER NOT NULL,
  status TEXT NOT NULL,
  command TEXT,
  response_topic TEXT,
  correlation BLOB,
  UNIQUE (device, key)
) STRICT;

CREATE INDEX ended_by_age ON commands (known_ms, number) WHERE ${HAS_ENDED};
CREATE INDEX open_by_device ON commands (device, number) WHERE ${IS_OPEN};

CREATE TABLE acks (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  device TEXT NOT NULL,
  ack TEXT NOT NULL,
  response_topic TEXT,
  correlation BLOB
) STRICT;

CREATE INDEX acks_by_device ON acks (device, number);

CREATE TABLE horizons (
  device TEXT PRIMARY KEY,
  known_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

/**
 * Brings an open database to the current format, in one transaction.
 *
 * @throws Fault for a file that is something else: it is left alone.
 */
export function migrate(database: Database, file: string): void {
  const apply = database.transaction(() => {
    const found = {
      application: database.pragma("application_id", { simple: true }),
      version: Number(database.pragma("user_version", { simple: true })),
    };
    if (found.application === APPLICATION_ID && found.version === SCHEMA_VERSION) return;
    const tables = database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
    if (tables !== 0) throw foreignFault(file, found.version);
    database.exec(VERSION_1);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  });
  apply.immediate();
}

function foreignFault(file: string, version: number): Fault {
  const isNewer = version > SCHEMA_VERSION;
  return new Fault(
    isNewer
      ? `the journal ${file} was written by a newer version`
      : `${file} is a database, but no journal of commands`,
    {
      remedy: isNewer
        ? "Run that version, or give this device another folder (DEVICE_FOLDER)."
        : "Move it away, or give this device another folder (DEVICE_FOLDER).",
      exitCode: EXIT_CODES.configuration,
    },
  );
}
