// Only judge.ts loads this, in a process of its own.
import { existsSync } from "node:fs";
// biome-ignore lint/style/noRestrictedImports: another library than Weir's own counts what Weir has stored
import { DatabaseSync } from "node:sqlite";
import { readJournal } from "./journal.ts";
import type { Count, StoreFiles } from "./start-judge.ts";

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

/**
 * What SQLite says to who opens a file by its name while the logger moves it aside: CORRUPT and NOTADB
 * of the damaged one, IOERR_FSTAT when the name goes between the opening of the file and that of its log
 * (whose mode is that of the file), the others when file and log are not of the same store.
 */
const REPLACED_CODES: ReadonlySet<unknown> = new Set([11, 26, 1_802, 522, 14, 776]);

/** The id of the newest row; 0 while there is none, or the file is damaged or being replaced. */
export function newestId(file: string): number {
  try {
    const [row] = query(file, (database) =>
      database.prepare("SELECT coalesce(max(id), 0) AS id FROM rows").all(),
    );
    return Number(row?.id ?? 0);
  } catch (error) {
    if (error instanceof Error && "errcode" in error && REPLACED_CODES.has(error.errcode)) return 0;
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

/** Brings a store's write-ahead log into its file. */
export function foldLog(file: string): null {
  using database = new DatabaseSync(file);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  return null;
}

/** `ok`, or what SQLite finds wrong in a file. */
export function integrity(file: string): string {
  return query(file, (database) => database.prepare("PRAGMA integrity_check").all())
    .map(({ integrity_check: text }) => String(text))
    .join("; ");
}

const BUSY_MS_MAX = 5_000;

type Row = Record<string, unknown>;

// A reader of its own for each question: the file may be another one the next time.
function query(file: string, ask: (database: DatabaseSync) => Row[]): Row[] {
  if (!existsSync(file)) return [];
  const database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS_MAX });
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
