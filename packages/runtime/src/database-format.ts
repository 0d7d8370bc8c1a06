import Sqlite from "better-sqlite3";
import { EXIT_CODES, Fault } from "./fault.ts";

/** What a kind of SQLite file is recognised by, and which version of its format this program writes. */
export interface DatabaseFormat {
  /** Four letters in the header of the file. */
  applicationId: number;
  version: number;
}

const LOCK_MS_MAX = 1_000;

/**
 * The format of a file that exists. It may be in use.
 *
 * @throws SqliteError for a file that cannot be read, or is none of SQLite.
 */
export function readDatabaseFormat(file: string): DatabaseFormat {
  const database = new Sqlite(file, { readonly: true, timeout: LOCK_MS_MAX });
  try {
    const pragma = (name: string) => Number(database.pragma(name, { simple: true }));
    return { applicationId: pragma("application_id"), version: pragma("user_version") };
  } finally {
    database.close();
  }
}

/** The version of the SQLite that is part of this program. */
export function sqliteVersion(): string {
  const database = new Sqlite(":memory:");
  try {
    return String(database.prepare("SELECT sqlite_version()").pluck().get());
  } finally {
    database.close();
  }
}

/**
 * A file that a newer version of Weir has written: it is left as it is.
 *
 * @param found its format.
 * @param known the newest one that this version reads.
 */
export function newerFormat(file: string, found: number, known: number): Fault {
  return new Fault(
    `${file} has format version ${found}; this version of Weir reads up to ${known}`,
    {
      remedy:
        "Use the version of Weir that wrote it, or a newer one. docs/how-to/upgrade.md has the way back.",
      exitCode: EXIT_CODES.configuration,
    },
  );
}
