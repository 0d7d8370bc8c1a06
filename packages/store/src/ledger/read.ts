import type { Database } from "better-sqlite3";
import type { Account } from "./account.ts";
import { accountOf, type EntryRow } from "./table.ts";

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

/** What is left of the lines of a publisher that the ledger has forgotten. */
export interface ForgottenCounts {
  epochs: number;
  received: number;
  filtered: number;
  /** Messages that had not come when their line was forgotten. */
  missing: number;
}

/**
 * The ledger as it stands, publisher by publisher: it may have millions of lines, of one publisher no
 * more than `entriesPerPublisherMax`.
 */
export interface LedgerReader {
  /** In alphabetical order. */
  publishers(): string[];
  /** The newest epoch first. */
  lines(publisher: string): LedgerLine[];
  /** By publisher; no more than the totals have room for. */
  forgotten(): Map<string, ForgottenCounts>;
  /** Messages of publishers without an outbox. */
  unsequenced(): number;
}

export function prepareLedgerReader(database: Database): LedgerReader {
  const selectPublishers = database
    .prepare<[], string>("SELECT DISTINCT publisher FROM ledger ORDER BY publisher")
    .pluck();
  const selectLines = database.prepare<
    [string],
    Omit<LedgerLine, "account"> & Pick<EntryRow, "through" | "ranges">
  >(
    `SELECT publisher, epoch, topics.topic, through, ranges, received, duplicates, filtered,
            last_received_us AS lastReceivedUs
     FROM ledger JOIN topics ON topics.id = topic_id
     WHERE publisher = ? ORDER BY last_received_us DESC`,
  );
  const selectForgotten = database.prepare<[], ForgottenCounts & { publisher: string }>(
    "SELECT publisher, epochs, received, filtered, missing FROM ledger_totals",
  );
  const selectUnsequenced = database
    .prepare<[], number>("SELECT received FROM ledger_totals WHERE publisher = ''")
    .pluck();

  return {
    publishers: () => selectPublishers.all(),
    lines: (publisher) =>
      selectLines.all(publisher).map(({ through, ranges, ...line }) => ({
        ...line,
        account: accountOf({ through, ranges }),
      })),
    forgotten: () =>
      new Map(selectForgotten.all().map(({ publisher, ...counts }) => [publisher, counts])),
    unsequenced: () => selectUnsequenced.get() ?? 0,
  };
}
