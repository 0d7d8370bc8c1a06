import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { readJournal } from "./journal.ts";

/** The journal set beside the rows. Neither ledger nor receipts are asked. */
export interface Count {
  /** Accepted by the outbox, by the journal. */
  created: number;
  /** Different messages that are stored. */
  stored: number;
  /** Accepted and not stored. */
  lost: number;
  /** Stored more than once in one store: the surplus rows. */
  duplicate: number;
  /** Stored, though nobody ever sent it. */
  invented: number;
}

/** The files of one store: one, or its segments. */
export type StoreFiles = readonly string[];

export function countRows(journalFile: string, stores: readonly StoreFiles[]): Count {
  const { intended, accepted } = readJournal(journalFile);
  const perStore = stores.map((files) => files.flatMap(storedNumbers));
  // A store answers for itself only: two of them may both have a message.
  const duplicate = perStore.reduce(
    (sum, numbers) => sum + numbers.length - new Set(numbers).size,
    0,
  );
  const stored = new Set(perStore.flat());
  return {
    created: accepted.size,
    stored: stored.size,
    lost: [...accepted].filter((number) => !stored.has(number)).length,
    duplicate,
    invented: [...stored].filter((number) => !intended.has(number)).length,
  };
}

// Rows that the harness itself put there, for retention to have work, have negative numbers.
const NUMBERS = "SELECT json_extract(CAST(payload AS TEXT), '$.number') AS number FROM rows";

function storedNumbers(file: string): number[] {
  return query(file, (database) => database.prepare(NUMBERS).all())
    .map(({ number }) => Number(number))
    .filter((number) => number > 0);
}

/** The id of the newest row; 0 while there is none, or the file is damaged. */
export function newestId(file: string): number {
  try {
    const [row] = query(file, (database) =>
      database.prepare("SELECT coalesce(max(id), 0) AS id FROM rows").all(),
    );
    return Number(row?.id ?? 0);
  } catch (error) {
    if (error instanceof Error && /malformed|not a database/.test(error.message)) return 0;
    throw error;
  }
}

/** How many messages wait in an outbox. */
export function waiting(outboxFile: string): number {
  const [row] = query(outboxFile, (database) =>
    database.prepare("SELECT count(*) AS count FROM messages").all(),
  );
  return Number(row?.count ?? 0);
}

/** How many messages an outbox has given up. */
export function abandoned(outboxFile: string): number {
  const [row] = query(outboxFile, (database) =>
    database.prepare("SELECT count(*) AS count FROM abandoned").all(),
  );
  return Number(row?.count ?? 0);
}

/** `ok`, or what SQLite finds wrong in a file. */
export function integrity(file: string): string {
  return query(file, (database) => database.prepare("PRAGMA integrity_check").all())
    .map(({ integrity_check: text }) => String(text))
    .join("; ");
}

type Row = Record<string, unknown>;

// A reader of its own for each question: the file may be another one the next time.
function query(file: string, ask: (database: DatabaseSync) => Row[]): Row[] {
  if (!existsSync(file)) return [];
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  try {
    return ask(database);
  } catch (error) {
    // The first process that opens it is about to make its tables.
    if (error instanceof Error && error.message.includes("no such table")) return [];
    throw error;
  } finally {
    database.close();
  }
}
