import Sqlite from "better-sqlite3";

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
