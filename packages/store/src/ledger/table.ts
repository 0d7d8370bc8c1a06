import { ENTRIES_MAX, RANGES_MAX, type ReceiptEntry } from "@weir/messages";
import type { Database } from "better-sqlite3";
import { type Account, missingCount, type SeqRange } from "./account.ts";

/** What one account is kept under. */
export interface LedgerKey {
  publisher: string;
  epoch: string;
  topicId: number;
}

/** One account with its counts. Times in microseconds since the epoch. */
export interface Entry {
  key: LedgerKey;
  account: Account;
  received: number;
  duplicates: number;
  filtered: number;
  abandoned: number;
  firstReceivedUs: number;
  lastReceivedUs: number;
}

interface EntryRow {
  through: number;
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
  empty(key: LedgerKey, receivedUs: number): Entry;
  read(key: LedgerKey): Entry | null;
  write(entry: Entry): void;
  /** Counts messages without a sequence: they stand in the totals, under the empty name. */
  addUnsequenced(messages: { received: number; filtered: number }): void;
  /** Forgets the entry of a publisher that has been idle the longest; its counts go into the totals. */
  forgetIdlest(publisher: string): LedgerKey | null;
  /** How many entries each publisher has. */
  countByPublisher(): Map<string, number>;
  /** A publisher's accounts, the newest first when there are too many for one receipt. */
  receiptOf(publisher: string): ReceiptEntry[];
  /** The publishers of the newest messages, at most `limit`. */
  recentPublishers(limit: number): string[];
}

export function prepareLedgerTable(database: Database): LedgerTable {
  const select = database.prepare<[string, string, number], EntryRow>(
    "SELECT * FROM ledger WHERE publisher = ? AND epoch = ? AND topic_id = ?",
  );
  const replace = database.prepare(
    `INSERT OR REPLACE INTO ledger
       (publisher, epoch, topic_id, through, ranges, received, duplicates, filtered, abandoned,
        first_received_us, last_received_us)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const addUnsequenced = database.prepare<[number, number]>(
    `INSERT INTO ledger_totals (publisher, epochs, received, duplicates, filtered, abandoned, missing)
     VALUES ('', 0, ?, 0, ?, 0, 0)
     ON CONFLICT (publisher) DO UPDATE SET
       received = received + excluded.received, filtered = filtered + excluded.filtered`,
  );
  const takeIdlest = database.prepare<
    [string, string],
    EntryRow & { epoch: string; topic_id: number }
  >(
    `DELETE FROM ledger WHERE publisher = ? AND (epoch, topic_id) =
       (SELECT epoch, topic_id FROM ledger WHERE publisher = ? ORDER BY last_received_us LIMIT 1)
     RETURNING *`,
  );
  const addToTotals = database.prepare<[string, number, number, number, number, number]>(
    `INSERT INTO ledger_totals (publisher, epochs, received, duplicates, filtered, abandoned, missing)
     VALUES (?, 1, ?, ?, ?, ?, ?)
     ON CONFLICT (publisher) DO UPDATE SET
       epochs = epochs + 1, received = received + excluded.received,
       duplicates = duplicates + excluded.duplicates, filtered = filtered + excluded.filtered,
       abandoned = abandoned + excluded.abandoned, missing = missing + excluded.missing`,
  );
  const count = database
    .prepare<[], [string, number]>("SELECT publisher, count(*) FROM ledger GROUP BY publisher")
    .raw();
  const ofPublisher = database.prepare<
    [string, number],
    { epoch: string; topic: string; through: number; ranges: string }
  >(
    `SELECT epoch, topics.topic, through, ranges FROM ledger JOIN topics ON topics.id = topic_id
     WHERE publisher = ? ORDER BY last_received_us DESC LIMIT ?`,
  );
  const recent = database
    .prepare<[number], string>(
      "SELECT publisher FROM ledger GROUP BY publisher ORDER BY max(last_received_us) DESC LIMIT ?",
    )
    .pluck();

  return {
    empty: (key, receivedUs) => ({
      key,
      account: { through: 0, ranges: [] },
      received: 0,
      duplicates: 0,
      filtered: 0,
      abandoned: 0,
      firstReceivedUs: receivedUs,
      lastReceivedUs: receivedUs,
    }),
    read: (key) => {
      const row = select.get(key.publisher, key.epoch, key.topicId);
      return row === undefined ? null : toEntry(key, row);
    },
    write: ({ key, account, ...counts }) => {
      const { received, duplicates, filtered, abandoned } = counts;
      replace.run(
        key.publisher,
        key.epoch,
        key.topicId,
        account.through,
        JSON.stringify(account.ranges),
        received,
        duplicates,
        filtered,
        abandoned,
        counts.firstReceivedUs,
        counts.lastReceivedUs,
      );
    },
    addUnsequenced: ({ received, filtered }) => void addUnsequenced.run(received, filtered),
    forgetIdlest: (publisher) => {
      const row = takeIdlest.get(publisher, publisher);
      if (row === undefined) return null;
      const { through, received, duplicates, filtered, abandoned } = row;
      const missing = missingCount({ through, ranges: parseRanges(row.ranges) });
      addToTotals.run(publisher, received, duplicates, filtered, abandoned, missing);
      return { publisher, epoch: row.epoch, topicId: row.topic_id };
    },
    countByPublisher: () => new Map(count.all()),
    recentPublishers: (limit) => recent.all(limit),
    receiptOf: (publisher) =>
      ofPublisher.all(publisher, ENTRIES_MAX).map(({ ranges, ...entry }) => ({
        ...entry,
        ranges: parseRanges(ranges).slice(0, RANGES_MAX),
      })),
  };
}

function toEntry(key: LedgerKey, row: EntryRow): Entry {
  const { through, ranges, received, duplicates, filtered, abandoned } = row;
  return {
    key,
    account: { through, ranges: parseRanges(ranges) },
    received,
    duplicates,
    filtered,
    abandoned,
    firstReceivedUs: row.first_received_us,
    lastReceivedUs: row.last_received_us,
  };
}

// Only this file writes them.
function parseRanges(json: string): [number, number][] {
  return (JSON.parse(json) as SeqRange[]).map(([from, to]) => [from, to]);
}
