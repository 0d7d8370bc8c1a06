import type { ClaimOf, ReceiptEntry, Sequence } from "@weir/protocol";
import type { Database } from "better-sqlite3";
import type { NewRow } from "../segment/segment-writer.ts";
import { type Accounted, enter, type LedgerLimits } from "./account.ts";
import {
  defineIsDevice,
  displaced,
  type Entry,
  type EntryKey,
  emptyEntry,
  isEstablished,
  isIdle,
  type Publisher,
  readPublishers,
} from "./places.ts";
import { prepareReceipts } from "./read.ts";
import {
  type ForgottenEntry,
  type IdleLimits,
  prepareForgetting,
  prepareLedgerTable,
  prepareTotals,
} from "./table.ts";

/**
 * What the ledger says of one message: `duplicate` and `filtered` are not to be stored; `unsequenced`
 * comes from a publisher without an outbox; `foreign` names another publisher than the device of its
 * topic, and no account is kept of it.
 */
export type Verdict = Accounted | "filtered" | "unsequenced" | "foreign";

/** What the ledger needs to know of a message beside its topic. */
type LedgerMessage = Pick<NewRow, "topic" | "sequence" | "receivedUs" | "isFiltered">;

interface LedgerOptions {
  limits: LedgerLimits;
  claimOf: ClaimOf;
  /** Counts what had to make room for others though it was not idle. */
  reached: { publishers: number; epochs: number };
}

/** Which messages of which outbox are stored. It lives in the segment, in the rows' own transactions. */
export interface Ledger {
  /**
   * Enters a message that is about to be stored or filtered out. Call it inside the write transaction.
   *
   * @param topicId `null` when no account can be kept of the topic.
   */
  enter(message: LedgerMessage, topicId: number | null): Verdict;
  /**
   * Whether the topic of a message counts against what devices may bring: it is one of its publisher's
   * own, and the publisher has not used up its places.
   */
  isReserved(message: LedgerMessage): boolean;
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
  /** Whether a publisher is more than a newcomer with a name that anybody could have invented. */
  isEstablished(publisher: string): boolean;
}

export function createLedger(database: Database, options: LedgerOptions): Ledger {
  const { limits, claimOf, reached } = options;
  defineIsDevice(database, claimOf);
  const table = prepareLedgerTable(database);
  const totals = prepareTotals(database, limits.publishersMax);
  const forgetting = prepareForgetting(database);
  const remembered = createRemembered();
  let publishers = readPublishers(database);
  let changed: Entry[] = [];
  // Messages come in trains of one publisher, epoch and topic.
  let latest: Entry | null = null;
  let unsequenced = { received: 0, filtered: 0 };

  function isLatest({ publisher, epoch }: Sequence, topicId: number): boolean {
    return (
      latest?.topicId === topicId && latest.epoch === epoch && latest.publisher.name === publisher
    );
  }

  /** @returns `null` when no account is to be kept of it. */
  function findOrCreate(
    { topic, receivedUs }: LedgerMessage,
    sequence: Sequence,
    topicId: number,
  ): Entry | null {
    const claim = claimOf(topic, sequence.publisher);
    if (claim === "foreign") return null;
    const publisher = publisherOf(sequence.publisher, claim === "own", receivedUs);
    const key = { publisher, epoch: sequence.epoch, topicId };
    const known = remembered.find(key);
    if (known !== undefined) return known;
    const entry = table.read(key) ?? create(key, receivedUs);
    // What has changed must stay until it is written; the rest can be read again.
    if (remembered.isFull() && changed.length === 0) remembered.clear();
    remembered.add(entry);
    return entry;
  }

  function publisherOf(name: string, isDevice: boolean, receivedUs: number): Publisher {
    const all = publishers.of(isDevice);
    const known = all.get(name);
    if (known !== undefined) return known;
    if (all.size >= limits.publishersMax) makeRoom(all, receivedUs);
    const times = { firstReceivedUs: receivedUs, lastReceivedUs: receivedUs };
    const publisher = { name, isDevice, entries: 0, received: 0, ...times };
    all.set(name, publisher);
    return publisher;
  }

  function makeRoom(all: Map<string, Publisher>, nowUs: number): void {
    writeChanged();
    const leaving = displaced([...all.values()], { placesMax: limits.publishersMax, nowUs });
    const newcomers: ForgottenEntry[] = [];
    for (const publisher of leaving) {
      if (!isIdle(publisher, nowUs)) reached.publishers += 1;
      const entries = forgetting.takeAll(publisher);
      if (isEstablished(publisher)) totals.addForgotten(entries);
      else newcomers.push(...entries);
      drop(entries);
      all.delete(publisher.name);
    }
    totals.addDisplaced(newcomers);
  }

  function create(key: EntryKey, receivedUs: number): Entry {
    const { publisher } = key;
    if (publisher.entries >= limits.entriesPerPublisherMax) {
      writeChanged();
      const places = { placesMax: limits.entriesPerPublisherMax, nowUs: receivedUs };
      const leaving = forgetting.takeDisplaced(publisher, places);
      reached.epochs += leaving.filter(
        ({ last_received_us: lastReceivedUs }) => !isIdle({ lastReceivedUs }, receivedUs),
      ).length;
      totals.addForgotten(leaving);
      drop(leaving);
    }
    publisher.entries += 1;
    return emptyEntry(key, receivedUs);
  }

  /** Entries that are not in the file any more. */
  function drop(rows: readonly ForgottenEntry[]): void {
    latest = null;
    for (const { publisher: name, epoch, topic_id: topicId, is_device: isDevice } of rows) {
      const publisher = publishers.of(isDevice === 1).get(name);
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
    enter: (message, topicId) => {
      const { sequence, receivedUs, isFiltered } = message;
      if (sequence === null) return countUnsequenced(isFiltered);
      if (topicId === null) return isFiltered ? "filtered" : "beyond limits";
      if (!isLatest(sequence, topicId)) latest = findOrCreate(message, sequence, topicId);
      const entry = latest;
      const accounted = entry === null ? "foreign" : account(entry, sequence.seq);
      // What the filter dropped is not stored, also where no account can be kept of it.
      if (entry === null || accounted === "beyond limits" || accounted === "foreign")
        return isFiltered ? "filtered" : accounted;
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
      entry.publisher.received += 1;
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
      totals.addForgotten(done);
      drop(done);
      for (const { publisher: name, is_device: isDevice } of done) {
        const all = publishers.of(isDevice === 1);
        if (all.get(name)?.entries === 0) all.delete(name);
      }
      return done.length;
    },
    forget: () => {
      totals.forget();
      remembered.clear();
      changed = [];
      latest = null;
      unsequenced = { received: 0, filtered: 0 };
      publishers = readPublishers(database);
    },
    isReserved: ({ topic, sequence }) => {
      if (sequence === null || claimOf(topic, sequence.publisher) !== "own") return false;
      const entries = publishers.of(true).get(sequence.publisher)?.entries ?? 0;
      return entries < limits.entriesPerPublisherMax;
    },
    isEstablished: (name) => {
      const other = publishers.of(false).get(name);
      return publishers.of(true).has(name) || (other !== undefined && isEstablished(other));
    },
    ...prepareReceipts(database, 2 * limits.entriesPerPublisherMax),
  };
}

// Some 10 MB together.
const ENTRIES_MAX = 10_000;
const RANGES_MAX = 100_000;

/** Entries that were read or changed, so that the next message need not ask the file. */
interface Remembered {
  find(key: EntryKey): Entry | undefined;
  add(entry: Entry): void;
  delete(key: EntryKey): void;
  clear(): void;
  /** Tells that an entry has got so many more ranges. */
  noteRanges(more: number): void;
  /** There is more than is to be kept. */
  isFull(): boolean;
}

function createRemembered(): Remembered {
  // Maps in maps: a text made of all three would have to be made for each message.
  const byPublisher = new Map<Publisher, Map<number, Map<string, Entry>>>();
  let entries = 0;
  let ranges = 0;

  return {
    find: ({ publisher, epoch, topicId }) => byPublisher.get(publisher)?.get(topicId)?.get(epoch),
    add: (entry) => {
      const byTopic = orAdd(byPublisher, entry.publisher, () => new Map());
      orAdd(byTopic, entry.topicId, () => new Map<string, Entry>()).set(entry.epoch, entry);
      entries += 1;
      ranges += entry.ranges.length;
    },
    delete: ({ publisher, epoch, topicId }) => {
      const byTopic = byPublisher.get(publisher);
      const byEpoch = byTopic?.get(topicId);
      const entry = byEpoch?.get(epoch);
      if (byTopic === undefined || byEpoch === undefined || entry === undefined) return;
      byEpoch.delete(epoch);
      if (byEpoch.size === 0) byTopic.delete(topicId);
      if (byTopic.size === 0) byPublisher.delete(publisher);
      entries -= 1;
      ranges -= entry.ranges.length;
    },
    clear: () => {
      byPublisher.clear();
      entries = 0;
      ranges = 0;
    },
    noteRanges: (more) => {
      ranges += more;
    },
    isFull: () => entries >= ENTRIES_MAX || ranges >= RANGES_MAX,
  };
}

function orAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
