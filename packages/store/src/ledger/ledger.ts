import type { ReceiptEntry, Sequence } from "@weir/messages";
import type { Database } from "better-sqlite3";
import { type AccountLimits, enter } from "./account.ts";
import { type Entry, type LedgerKey, prepareLedgerTable } from "./table.ts";

/** What bounds a ledger. */
export interface LedgerLimits extends AccountLimits {
  /** Publishers that are kept account of. */
  publishersMax: number;
  /**
   * Openings of its outbox and topics, together, that are kept account of for one publisher. Beyond
   * that the one that was idle longest is forgotten: a publisher that restarts every day, or every
   * second, must get its receipts all the same.
   */
  entriesPerPublisherMax: number;
}

/** What the ledger says of one message; `filtered` was new, and is not to be stored. */
export type Verdict = "new" | "filtered" | "duplicate" | "beyond limits";

/** What the ledger needs to know of a message beside its place in a sequence. */
export interface LedgerMessage {
  topicId: number;
  receivedUs: number;
  /** A code filter dropped it. */
  isFiltered: boolean;
}

/** Which messages of which outbox are stored. It lives in the segment, in the rows' own transactions. */
export interface Ledger {
  /** Enters a message that is about to be stored or filtered out. Call it inside the write transaction. */
  enter(sequence: Sequence, message: LedgerMessage): Verdict;
  /** Counts a message of a publisher without an outbox. */
  countUnsequenced(isFiltered: boolean): void;
  /** Writes what was entered. Call it at the end of the write transaction. */
  write(): void;
  /** Forgets what it remembers, because the transaction was rolled back. The file keeps all. */
  forget(): void;
  /** What is committed of a publisher's messages, for its receipt. */
  receiptOf(publisher: string): ReceiptEntry[];
  /** The publishers of the newest messages, at most `limit`. */
  recentPublishers(limit: number): string[];
}

export const LEDGER_LIMITS: LedgerLimits = {
  // More than the gaps that an outbox with a window of 2,000 can make.
  rangesMax: 1_024,
  jumpMax: 1_000_000,
  publishersMax: 10_000,
  entriesPerPublisherMax: 1_000,
};

const REMEMBERED_MAX = 10_000;

export function createLedger(database: Database, limits: LedgerLimits = LEDGER_LIMITS): Ledger {
  const table = prepareLedgerTable(database);
  // Entries that were read or changed, and how many entries each publisher has.
  const remembered = new Map<string, Entry>();
  const changed = new Set<Entry>();
  let entriesOf = table.countByPublisher();
  const unsequenced = { received: 0, filtered: 0 };

  function find(key: LedgerKey): Entry | null {
    const text = textOf(key);
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const entry = table.read(key);
    if (entry !== null) remember(text, entry);
    return entry;
  }

  function remember(text: string, entry: Entry): void {
    // What has changed must stay until it is written; the rest can be read again.
    if (remembered.size >= REMEMBERED_MAX && changed.size === 0) remembered.clear();
    remembered.set(text, entry);
  }

  function create(key: LedgerKey, receivedUs: number): Entry | null {
    const entries = entriesOf.get(key.publisher);
    if (entries === undefined && entriesOf.size >= limits.publishersMax) return null;
    if ((entries ?? 0) >= limits.entriesPerPublisherMax) forgetIdlest(key.publisher);
    else entriesOf.set(key.publisher, (entries ?? 0) + 1);
    const entry = table.empty(key, receivedUs);
    remember(textOf(key), entry);
    return entry;
  }

  /**
   * What an outbox still holds of an epoch it sends again, so that epoch is not idle: the idlest one
   * is one that its publisher has done with.
   */
  function forgetIdlest(publisher: string): void {
    writeChanged();
    const key = table.forgetIdlest(publisher);
    if (key !== null) remembered.delete(textOf(key));
  }

  function writeChanged(): void {
    for (const entry of changed) table.write(entry);
    changed.clear();
  }

  function forgetUnsequenced(): void {
    unsequenced.received = 0;
    unsequenced.filtered = 0;
  }

  return {
    enter: ({ publisher, epoch, seq }, { topicId, receivedUs, isFiltered }) => {
      const key = { publisher, epoch, topicId };
      const entry = find(key) ?? create(key, receivedUs);
      if (entry === null) return "beyond limits";
      const accounted = enter(entry.account, seq, limits);
      if (accounted.kind === "beyond limits") return accounted.kind;
      entry.lastReceivedUs = receivedUs;
      changed.add(entry);
      if (accounted.kind === "duplicate") {
        entry.duplicates += 1;
        return "duplicate";
      }
      entry.account = accounted.account;
      if (isFiltered) entry.filtered += 1;
      else entry.received += 1;
      return isFiltered ? "filtered" : "new";
    },
    countUnsequenced: (isFiltered) => {
      if (isFiltered) unsequenced.filtered += 1;
      else unsequenced.received += 1;
    },
    write: () => {
      if (unsequenced.received + unsequenced.filtered > 0) table.addUnsequenced(unsequenced);
      forgetUnsequenced();
      writeChanged();
    },
    forget: () => {
      remembered.clear();
      changed.clear();
      forgetUnsequenced();
      entriesOf = table.countByPublisher();
    },
    receiptOf: table.receiptOf,
    recentPublishers: table.recentPublishers,
  };
}

function textOf({ publisher, epoch, topicId }: LedgerKey): string {
  return `${publisher}/${epoch}/${topicId}`;
}
