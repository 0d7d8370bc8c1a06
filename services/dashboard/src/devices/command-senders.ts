import type { Database } from "better-sqlite3";

/** So many of the newest commands keep the name of who has sent them. */
const ROWS_MAX = 10_000;

/** Which user has sent which command: a device does not hear that. */
export class CommandSenders {
  readonly #statements: ReturnType<typeof prepare>;

  /** @param database the dashboard's file. */
  constructor(database: Database) {
    this.#statements = prepare(database);
  }

  /** @param sentMs milliseconds since the epoch. */
  note(id: string, user: string, sentMs: number): void {
    this.#statements.insert.run(id, user, sentMs);
    this.#statements.trim.run(ROWS_MAX);
  }

  /** `null` where another program has sent it, or long ago. */
  of(id: string): string | null {
    return (this.#statements.find.get(id) as string | undefined) ?? null;
  }
}

function prepare(database: Database) {
  return {
    insert: database.prepare("INSERT INTO commands (id, user, sent_ms) VALUES (?, ?, ?)"),
    find: database.prepare("SELECT user FROM commands WHERE id = ?").pluck(),
    trim: database.prepare(`
DELETE FROM commands WHERE sent_ms <
  (SELECT sent_ms FROM commands ORDER BY sent_ms DESC LIMIT 1 OFFSET ?)`),
  };
}
