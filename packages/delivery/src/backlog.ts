import Sqlite from "better-sqlite3";

/** What waits in an outbox. */
export interface Backlog {
  rows: number;
  bytes: number;
  /** When the oldest message was accepted, in milliseconds since the epoch; `null` where none waits. */
  oldestMs: number | null;
}

const LOCK_MS_MAX = 1_000;

/**
 * Reads what waits in the file of an outbox that exists. Its owner may have it open.
 *
 * @throws SqliteError for a file that cannot be read, or is no outbox.
 */
export function readBacklog(file: string): Backlog {
  const database = new Sqlite(file, { readonly: true, timeout: LOCK_MS_MAX });
  try {
    // An aggregate without GROUP BY has a row always.
    return database
      .prepare<[], Backlog>(
        `SELECT count(*) AS rows, coalesce(sum(length(payload)), 0) AS bytes,
                min(accepted_ms) AS oldestMs FROM messages`,
      )
      .get() as Backlog;
  } finally {
    database.close();
  }
}
