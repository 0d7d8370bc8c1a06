import type { Database, Statement } from "better-sqlite3";
import type { Account, OpenAccount, SeqRange } from "./account.ts";
import { type Entry, type EntryKey, emptyEntry } from "./entry.ts";

/** One line of the table `ledger`. */
export interface EntryRow {
  publisher: string;
  epoch: string;
  topic_id: number;
  through: number;
  /** JSON. */
  ranges: string;
  received: number;
  duplicates: number;
  filtered: number;
  abandoned: number;
  first_received_us: number;
  last_received_us: number;
}

/** The table `ledger`, entry by entry. */
export interface LedgerTable {
  read(key: EntryKey): Entry | null;
  /** Call it inside a write transaction. */
  write(entries: readonly Entry[]): void;
}

const COLUMNS = `publisher, epoch, topic_id, through, ranges, received, duplicates, filtered, abandoned,
  first_received_us, last_received_us`;
const COLUMN_COUNT = 11;

// With many publishers there is an entry for each row: one statement for many costs half.
const ENTRIES_PER_STATEMENT = 32;

export function prepareLedgerTable(database: Database): LedgerTable {
  const select = database.prepare<[string, string, number], EntryRow>(
    "SELECT * FROM ledger WHERE publisher = ? AND epoch = ? AND topic_id = ?",
  );
  const replaceOne = prepareReplace(database, 1);
  const replaceMany = prepareReplace(database, ENTRIES_PER_STATEMENT);
  const bound = new Array<unknown>(ENTRIES_PER_STATEMENT * COLUMN_COUNT).fill(null);

  return {
    read: (key) => {
      const row = select.get(key.publisher.name, key.epoch, key.topicId);
      return row === undefined ? null : toEntry(key, row);
    },
    write: (entries) => {
      const many = entries.length - (entries.length % ENTRIES_PER_STATEMENT);
      for (let from = 0; from < many; from += ENTRIES_PER_STATEMENT) {
        for (let at = 0; at < ENTRIES_PER_STATEMENT; at += 1) {
          bind(bound, at * COLUMN_COUNT, entries[from + at] as Entry);
        }
        replaceMany.run(...bound);
      }
      const few: unknown[] = [];
      for (const entry of entries.slice(many)) {
        bind(few, 0, entry);
        replaceOne.run(...few);
      }
    },
  };
}

/** The account in a line. Only this file writes what it reads. */
export function accountOf({ through, ranges }: Pick<EntryRow, "through" | "ranges">): OpenAccount {
  const parsed = JSON.parse(ranges) as SeqRange[];
  return { through, ranges: parsed.map(([from, to]) => [from, to]) };
}

function prepareReplace(database: Database, entries: number): Statement<unknown[]> {
  const tuple = `(${new Array(COLUMN_COUNT).fill("?").join(", ")})`;
  const tuples = new Array(entries).fill(tuple).join(", ");
  return database.prepare(`INSERT OR REPLACE INTO ledger (${COLUMNS}) VALUES ${tuples}`);
}

function bind(bound: unknown[], at: number, entry: Entry): void {
  bound[at] = entry.publisher.name;
  bound[at + 1] = entry.epoch;
  bound[at + 2] = entry.topicId;
  bound[at + 3] = entry.through;
  bound[at + 4] = toJson(entry.ranges);
  bound[at + 5] = entry.received;
  bound[at + 6] = entry.duplicates;
  bound[at + 7] = entry.filtered;
  bound[at + 8] = entry.abandoned;
  bound[at + 9] = entry.firstReceivedUs;
  bound[at + 10] = entry.lastReceivedUs;
}

function toJson(ranges: Account["ranges"]): string {
  return ranges.length === 0 ? "[]" : JSON.stringify(ranges);
}

function toEntry(key: EntryKey, row: EntryRow): Entry {
  const { received, duplicates, filtered, abandoned } = row;
  return {
    ...emptyEntry(key, row.first_received_us),
    ...accountOf(row),
    ...{ received, duplicates, filtered, abandoned },
    lastReceivedUs: row.last_received_us,
  };
}
