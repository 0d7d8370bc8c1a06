import { ENTRIES_MAX, RANGES_MAX, type ReceiptEntry } from "@weir/protocol";
import type { Database } from "better-sqlite3";
import type { Account } from "./account.ts";
import { isEstablished } from "./places.ts";
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

/** What receipts are made of, as it is committed. */
interface ReceiptReader {
  /** A publisher's accounts, the newest first when there are too many for one receipt. */
  receiptOf(publisher: string): ReceiptEntry[];
  /** The publishers of the newest messages, at most `limit`. */
  recentPublishers(limit: number): string[];
}

type Line = Pick<
  EntryRow,
  "epoch" | "through" | "ranges" | "received" | "first_received_us" | "last_received_us"
> & { topic: string; is_device: number };

// Of a receipt, what epochs that somebody else invents in this name cannot fill.
const DEVICE_ENTRIES = ENTRIES_MAX / 2;
const ESTABLISHED_ENTRIES = ENTRIES_MAX / 4;

/** @param entriesMax how many entries a publisher may have altogether. */
export function prepareReceipts(database: Database, entriesMax: number): ReceiptReader {
  const ofPublisher = database.prepare<[string, number], Line>(
    `SELECT epoch, topics.topic, through, ranges, received, first_received_us, last_received_us,
            weir_is_device(topics.topic, publisher) AS is_device
     FROM ledger JOIN topics ON topics.id = topic_id
     WHERE publisher = ? ORDER BY last_received_us DESC LIMIT ?`,
  );
  const recent = database
    .prepare<[number], string>(
      "SELECT publisher FROM ledger GROUP BY publisher ORDER BY max(last_received_us) DESC LIMIT ?",
    )
    .pluck();

  return {
    receiptOf: (publisher) =>
      choose(ofPublisher.all(publisher, entriesMax)).map(({ epoch, topic, ...row }) => {
        const { through, ranges } = accountOf(row);
        return { epoch, topic, through, ranges: ranges.slice(0, RANGES_MAX) };
      }),
    recentPublishers: (limit) => recent.all(limit),
  };
}

/** What one receipt has room for. */
function choose(newestFirst: readonly Line[]): readonly Line[] {
  if (newestFirst.length <= ENTRIES_MAX) return newestFirst;
  const devices = newestFirst.filter((line) => line.is_device === 1).slice(0, DEVICE_ENTRIES);
  const established = newestFirst.filter(isEstablishedLine).slice(0, ESTABLISHED_ENTRIES);
  return [...new Set([...devices, ...established, ...newestFirst])].slice(0, ENTRIES_MAX);
}

function isEstablishedLine(line: Line): boolean {
  const { is_device: isDevice, received } = line;
  const times = { firstReceivedUs: line.first_received_us, lastReceivedUs: line.last_received_us };
  return isDevice === 0 && isEstablished({ received, ...times });
}
