import type { ReceiptEntry, Sequence } from "@weir/messages";
import type { Database } from "better-sqlite3";
import type { NewRow } from "../row.ts";
import { type Accounted, enter } from "./account.ts";
import { type Entry, type EntryKey, emptyEntry } from "./entry.ts";
import { type IdleLimits, prepareForgetting } from "./forgetting.ts";
import { LEDGER_LIMITS, type LedgerLimits } from "./limits.ts";
import { idlestOf, type Publisher, readPublishers } from "./publishers.ts";
import { prepareReceipts } from "./receipts.ts";
import { createRemembered } from "./remembered.ts";
import { type EntryRow, prepareLedgerTable } from "./table.ts";
import { prepareTotals } from "./totals.ts";

/**
 * What the ledger says of one message: `duplicate` and `filtered` are not to be stored; `unsequenced`
 * comes from a publisher without an outbox.
 */
export type Verdict = Accounted | "filtered" | "unsequenced";

/** What the ledger needs to know of a message beside its topic. */
type LedgerMessage = Pick<NewRow, "sequence" | "receivedUs" | "isFiltered">;

/** Which messages of which outbox are stored. It lives in the segment, in the rows' own transactions. */
export interface Ledger {
  /** Enters a message that is about to be stored or filtered out. Call it inside the write transaction. */
  enter(message: LedgerMessage, topicId: number): Verdict;
  /** Writes what was entered. Call it at the end of the write transaction. */
  write(): void;
  /**
   * Forgets epochs that are done with; their counts go into the totals. Call it inside a write
   * transaction of its own.
   *
   * @returns how many entries.
   */
  forgetIdle(limits: IdleLimits): number;
  /** Forgets what it remembers, because the transaction was rolled back. The file keeps all. */
  forget(): void;
  /** What is committed of a publisher's messages, for its receipt. */
  receiptOf(publisher: string): ReceiptEntry[];
  /** The publishers of the newest messages, at most `limit`. */
  recentPublishers(limit: number): string[];
}

// Finding the idlest takes a look at all of them: a few are forgotten each time.
const SHARE_FORGOTTEN = 1 / 16;

export function createLedger(database: Database, limits: LedgerLimits = LEDGER_LIMITS): Ledger {
  const table = prepareLedgerTable(database);
  const totals = prepareTotals(database, limits.publishersMax);
  const forgetting = prepareForgetting(database);
  const remembered = createRemembered();
  let publishers = readPublishers(database);
  let changed: Entry[] = [];
  // Messages come in trains of one publisher, epoch and topic.
  let latest: Entry | null = null;
  let unsequenced = { received: 0, filtered: 0 };
  let nobodyIdleBeforeUs = Number.NEGATIVE_INFINITY;

  function isLatest({ publisher, epoch }: Sequence, topicId: number): boolean {
    return (
      latest?.topicId === topicId && latest.epoch === epoch && latest.publisher.name === publisher
    );
  }

  /** @returns `null` when no account can be kept of it. */
  function findOrCreate(sequence: Sequence, topicId: number, receivedUs: number): Entry | null {
    const publisher = publishers.get(sequence.publisher) ?? admit(sequence.publisher, receivedUs);
    if (publisher === null) return null;
    const key = { publisher, epoch: sequence.epoch, topicId };
    const known = remembered.find(key);
    if (known !== undefined) return known;
    const entry = table.read(key) ?? create(key, receivedUs);
    // What has changed must stay until it is written; the rest can be read again.
    if (remembered.isFull() && changed.length === 0) remembered.clear();
    remembered.add(entry);
    return entry;
  }

  function admit(name: string, receivedUs: number): Publisher | null {
    if (publishers.size >= limits.publishersMax && !makeRoom(receivedUs)) return null;
    const publisher = { name, entries: 0, lastReceivedUs: receivedUs };
    publishers.set(name, publisher);
    return publisher;
  }

  /** Forgets the idlest publisher, if it is idle enough. */
  function makeRoom(nowUs: number): boolean {
    // Strangers may invent publishers by the thousand: the answer is looked for once.
    if (nowUs < nobodyIdleBeforeUs) return false;
    const idlest = idlestOf(publishers);
    if (idlest === null) return false;
    nobodyIdleBeforeUs = idlest.lastReceivedUs + limits.publisherIdleUs;
    if (nowUs < nobodyIdleBeforeUs) return false;
    writeChanged();
    drop(forgetting.takeAll(idlest.name));
    publishers.delete(idlest.name);
    return true;
  }

  function create(key: EntryKey, receivedUs: number): Entry {
    const { publisher } = key;
    if (publisher.entries >= limits.entriesPerPublisherMax) {
      // What an outbox still holds of an epoch it sends again, so that epoch is not idle: the idlest
      // are those that their publisher has done with.
      writeChanged();
      const few = Math.max(1, Math.floor(limits.entriesPerPublisherMax * SHARE_FORGOTTEN));
      drop(forgetting.takeIdlest(publisher.name, few));
    }
    publisher.entries += 1;
    return emptyEntry(key, receivedUs);
  }

  /** Entries that are not in the file any more. */
  function drop(rows: readonly EntryRow[]): void {
    totals.addForgotten(rows);
    latest = null;
    for (const { publisher: name, epoch, topic_id: topicId } of rows) {
      const publisher = publishers.get(name);
      if (publisher === undefined) continue;
      remembered.delete({ publisher, epoch, topicId });
      publisher.entries -= 1;
    }
  }

  function countUnsequenced(isFiltered: boolean): Verdict {
    if (isFiltered) unsequenced.filtered += 1;
    else unsequenced.received += 1;
    return isFiltered ? "filtered" : "unsequenced";
  }

  function account(entry: Entry, seq: number): Accounted {
    const before = entry.ranges.length;
    const accounted = enter(entry, seq, limits);
    remembered.noteRanges(entry.ranges.length - before);
    return accounted;
  }

  function writeChanged(): void {
    if (changed.length === 0) return;
    table.write(changed);
    for (const entry of changed) entry.isChanged = false;
    changed = [];
  }

  return {
    enter: ({ sequence, receivedUs, isFiltered }, topicId) => {
      if (sequence === null) return countUnsequenced(isFiltered);
      if (!isLatest(sequence, topicId)) latest = findOrCreate(sequence, topicId, receivedUs);
      const entry = latest;
      const accounted = entry === null ? "beyond limits" : account(entry, sequence.seq);
      // What the filter dropped is not stored, also where no account can be kept of it.
      if (entry === null || accounted === "beyond limits")
        return isFiltered ? "filtered" : "beyond limits";
      entry.lastReceivedUs = receivedUs;
      entry.publisher.lastReceivedUs = receivedUs;
      if (!entry.isChanged) {
        entry.isChanged = true;
        changed.push(entry);
      }
      if (accounted === "duplicate") {
        entry.duplicates += 1;
        return "duplicate";
      }
      if (isFiltered) entry.filtered += 1;
      else entry.received += 1;
      return isFiltered ? "filtered" : "new";
    },
    write: () => {
      if (unsequenced.received + unsequenced.filtered > 0) {
        totals.addUnsequenced(unsequenced);
        unsequenced = { received: 0, filtered: 0 };
      }
      writeChanged();
    },
    forgetIdle: (idleLimits) => {
      const done = forgetting.takeDone(idleLimits);
      drop(done);
      for (const { publisher: name } of done) {
        if (publishers.get(name)?.entries === 0) publishers.delete(name);
      }
      return done.length;
    },
    forget: () => {
      totals.forget();
      remembered.clear();
      changed = [];
      latest = null;
      unsequenced = { received: 0, filtered: 0 };
      nobodyIdleBeforeUs = Number.NEGATIVE_INFINITY;
      publishers = readPublishers(database);
    },
    ...prepareReceipts(database),
  };
}
