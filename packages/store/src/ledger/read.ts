import type { Database } from "better-sqlite3";
import type { Account, SeqRange } from "./account.ts";

/** One line of the ledger, for people and audits. Times in microseconds since the epoch. */
export interface LedgerLine {
  publisher: string;
  epoch: string;
  topic: string;
  account: Account;
  received: number;
  duplicates: number;
  filtered: number;
  lastReceivedUs: number;
}

/** The ledger as it stands. */
export interface LedgerReading {
  lines: LedgerLine[];
  /** Messages of publishers without an outbox. */
  unsequenced: number;
}

const LINES_MAX = 100_000;

/** Reads the whole ledger, publishers in alphabetical order, the newest epoch first. */
export function readLedger(database: Database): LedgerReading {
  const lines = database
    .prepare<[number], Omit<LedgerLine, "account"> & { through: number; ranges: string }>(
      `SELECT publisher, epoch, topics.topic, through, ranges, received, duplicates, filtered,
              last_received_us AS lastReceivedUs
       FROM ledger JOIN topics ON topics.id = topic_id
       ORDER BY publisher, last_received_us DESC LIMIT ?`,
    )
    .all(LINES_MAX)
    .map(({ through, ranges, ...line }) => ({
      ...line,
      account: { through, ranges: JSON.parse(ranges) as SeqRange[] },
    }));
  const unsequenced = database
    .prepare<[], number>("SELECT received FROM ledger_totals WHERE publisher = ''")
    .pluck()
    .get();
  return { lines, unsequenced: unsequenced ?? 0 };
}
