import { ENTRIES_MAX, RANGES_MAX, type ReceiptEntry } from "@weir/protocol";
import type { Database } from "better-sqlite3";
import { type Account, accountOf } from "./account.ts";
import { isEstablished } from "./forgetting.ts";

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

/** What remains of the lines of a publisher that the ledger has forgotten. */
export interface ForgottenCounts {
  epochs: number;
  received: number;
  filtered: number;
  /** Messages that had not arrived when their line was forgotten. */
  missing: number;
}

export type LedgerReader = ReturnType<typeof prepareLedgerReader>;

/**
 * Reads the ledger publisher by publisher: it may have millions of lines, but of one publisher no more
 * than twice `entriesPerPublisherMax`.
 */
export function prepareLedgerReader(database: Database) {
  const selectPublishers = database
    .prepare<[], string>("SELECT DISTINCT publisher FROM ledger ORDER BY publisher")
    .pluck();
  const selectLines = database.prepare<
    [string],
    Omit<LedgerLine, "account"> & { through: number; ranges: string }
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
    /** In alphabetical order. */
    publishers: (): string[] => selectPublishers.all(),
    /** The newest epoch first. */
    lines: (publisher: string): LedgerLine[] =>
      selectLines.all(publisher).map(({ through, ranges, ...line }) => ({
        ...line,
        account: accountOf({ through, ranges }),
      })),
    /** By publisher; at most as many as have totals. */
    forgotten: (): Map<string, ForgottenCounts> =>
      new Map(selectForgotten.all().map(({ publisher, ...counts }) => [publisher, counts])),
    /** Messages of publishers without an outbox. */
    unsequenced: (): number => selectUnsequenced.get() ?? 0,
  };
}

interface ReceiptLine {
  epoch: string;
  topic: string;
  through: number;
  /** JSON. */
  ranges: string;
  received: number;
  firstReceivedUs: number;
  lastReceivedUs: number;
  /** 1 where the topic names the publisher as its device. */
  isDevice: number;
}

/** @param entriesMax how many accounts a publisher may have altogether. */
export function prepareReceipts(database: Database, entriesMax: number) {
  const ofPublisher = database.prepare<[string, number], ReceiptLine>(
    `SELECT epoch, topics.topic, through, ranges, received, first_received_us AS firstReceivedUs,
            last_received_us AS lastReceivedUs,
            weir_is_device(topics.topic, publisher) AS isDevice
     FROM ledger JOIN topics ON topics.id = topic_id
     WHERE publisher = ? ORDER BY last_received_us DESC LIMIT ?`,
  );
  const recent = database
    .prepare<[number], string>(
      "SELECT publisher FROM ledger GROUP BY publisher ORDER BY max(last_received_us) DESC LIMIT ?",
    )
    .pluck();

  return {
    /** What is committed of a publisher's messages, for its receipt. */
    receiptOf: (publisher: string): ReceiptEntry[] =>
      linesFor(ofPublisher.all(publisher, entriesMax)).map(({ epoch, topic, ...line }) => {
        const { through, ranges } = accountOf(line);
        return { epoch, topic, through, ranges: ranges.slice(0, RANGES_MAX) };
      }),
    /** The publishers of the newest messages, at most `limit`. */
    recentPublishers: (limit: number): string[] => recent.all(limit),
  };
}

// Of a receipt, the parts that epochs which another client invents in this name cannot fill.
const DEVICE_ENTRIES = ENTRIES_MAX / 2;
const ESTABLISHED_ENTRIES = ENTRIES_MAX / 4;

/** Chooses the lines that fit into one receipt. */
function linesFor(newestFirst: readonly ReceiptLine[]): readonly ReceiptLine[] {
  if (newestFirst.length <= ENTRIES_MAX) return newestFirst;
  const devices = newestFirst.filter(({ isDevice }) => isDevice === 1).slice(0, DEVICE_ENTRIES);
  const established = newestFirst
    .filter((line) => line.isDevice === 0 && isEstablished(line))
    .slice(0, ESTABLISHED_ENTRIES);
  return [...new Set([...devices, ...established, ...newestFirst])].slice(0, ENTRIES_MAX);
}
