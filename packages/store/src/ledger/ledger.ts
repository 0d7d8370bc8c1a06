import {
  type ClaimOf,
  ENTRIES_MAX,
  RANGES_MAX,
  type ReceiptEntry,
  type Sequence,
} from "@weir/protocol";
import type { Database } from "better-sqlite3";
import {
  type Accounted,
  accountOf,
  createRemembered,
  type Entry,
  type EntryKey,
  emptyEntry,
  enter,
  isEstablished,
  isIdle,
  type LedgerLimits,
  type Publisher,
  prepareEntries,
} from "./account.ts";
import {
  createTotals,
  displaced,
  type IdleLimits,
  type LedgerRow,
  prepareForgetting,
  readPublishers,
  SELECT_LEDGER,
} from "./forgetting.ts";

/**
 * What became of a message: what the ledger says of it. `duplicate` and `filtered` are not stored; `unsequenced` comes
 * from a publisher without an outbox; `foreign` names another publisher than the device of its topic,
 * and gets no account.
 */
export type Filed = Accounted | "filtered" | "unsequenced" | "foreign";

interface LedgerMessage {
  topic: string;
  sequence: Sequence | null;
  receivedUs: number;
  isFiltered: boolean;
}

/**
 * Opens the ledger of a segment: which messages of which outbox are stored. It is written in the rows'
 * own transactions.
 *
 * @param reached counts what was dropped for others though it was not idle.
 */
export function createLedger(
  database: Database,
  limits: LedgerLimits,
  claimOf: ClaimOf,
  reached: { publishers: number; epochs: number },
) {
  database.function("weir_is_device", { deterministic: true }, (topic, publisher) =>
    claimOf(topic as string, publisher as string) === "own" ? 1 : 0,
  );
  const table = prepareEntries(database);
  const totals = createTotals(database, limits.publishersMax);
  const forgetting = prepareForgetting(database);
  const remembered = createRemembered();
  let publishers = readPublishers(database);
  let changed: Entry[] = [];
  // Messages of one publisher, epoch and topic often come in a row.
  let latest: Entry | null = null;
  let unsequenced = { received: 0, filtered: 0 };

  const publishersOf = (isDevice: boolean): Map<string, Publisher> =>
    isDevice ? publishers.devices : publishers.others;

  function isLatest({ publisher, epoch }: Sequence, topicId: number): boolean {
    return (
      latest?.topicId === topicId && latest.epoch === epoch && latest.publisher.name === publisher
    );
  }

  /** @returns `null` when the message may not have an account. */
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
    // A changed entry must stay until it is written; the others can be read again.
    if (remembered.isFull() && changed.length === 0) remembered.clear();
    remembered.add(entry);
    return entry;
  }

  function publisherOf(name: string, isDevice: boolean, receivedUs: number): Publisher {
    const all = publishersOf(isDevice);
    const known = all.get(name);
    if (known !== undefined) return known;
    if (all.size >= limits.publishersMax) makePlaces(all, receivedUs);
    const times = { firstReceivedUs: receivedUs, lastReceivedUs: receivedUs };
    const publisher = { name, isDevice, entries: 0, received: 0, ...times };
    all.set(name, publisher);
    return publisher;
  }

  function makePlaces(all: Map<string, Publisher>, nowUs: number): void {
    writeChanged();
    const newcomers: LedgerRow[] = [];
    for (const publisher of displaced(all.values(), limits.publishersMax, nowUs)) {
      if (!isIdle(publisher, nowUs)) reached.publishers += 1;
      const entries = forgetting.takeAll(publisher);
      if (isEstablished(publisher)) totals.addForgotten(entries);
      else newcomers.push(...entries);
      drop(entries);
      all.delete(publisher.name);
    }
    totals.addNewcomers(newcomers);
  }

  function create(key: EntryKey, receivedUs: number): Entry {
    if (key.publisher.entries >= limits.entriesPerPublisherMax) {
      writeChanged();
      const placesMax = limits.entriesPerPublisherMax;
      const leaving = forgetting.takeDisplaced(key.publisher, placesMax, receivedUs);
      reached.epochs += leaving.filter((entry) => !isIdle(entry, receivedUs)).length;
      totals.addForgotten(leaving);
      drop(leaving);
    }
    key.publisher.entries += 1;
    return emptyEntry(key, receivedUs);
  }

  /** Forgets entries that are no longer in the file. */
  function drop(entries: readonly LedgerRow[]): void {
    latest = null;
    for (const { publisher: name, epoch, topicId, isDevice } of entries) {
      const publisher = publishersOf(isDevice === 1).get(name);
      if (publisher === undefined) continue;
      remembered.delete({ publisher, epoch, topicId });
      publisher.entries -= 1;
    }
  }

  function writeChanged(): void {
    if (changed.length === 0) return;
    table.write(changed);
    for (const entry of changed) entry.isChanged = false;
    changed = [];
  }

  return {
    /**
     * Enters a message that is about to be stored or filtered out. Call it inside the write transaction.
     *
     * @param topicId `null` when the topic can have no account.
     */
    enter(message: LedgerMessage, topicId: number | null): Filed {
      const { sequence, receivedUs, isFiltered } = message;
      if (sequence === null) {
        if (isFiltered) unsequenced.filtered += 1;
        else unsequenced.received += 1;
        return isFiltered ? "filtered" : "unsequenced";
      }
      if (topicId === null) return isFiltered ? "filtered" : "beyond limits";
      if (!isLatest(sequence, topicId)) latest = findOrCreate(message, sequence, topicId);
      const entry = latest;
      if (entry === null) return isFiltered ? "filtered" : "foreign";
      const rangesBefore = entry.ranges.length;
      const accounted = enter(entry, sequence.seq, limits);
      remembered.addRanges(entry.ranges.length - rangesBefore);
      // What a code filter dropped is not stored, even where no account can be kept of it.
      if (accounted === "beyond limits") return isFiltered ? "filtered" : accounted;
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
    /** Writes what was entered. Call it at the end of the write transaction. */
    write(): void {
      if (unsequenced.received + unsequenced.filtered > 0) {
        totals.addUnsequenced(unsequenced);
        unsequenced = { received: 0, filtered: 0 };
      }
      writeChanged();
    },
    /**
     * Whether the topic of a message counts against the allowance of devices: its publisher is the
     * topic's own device, and has not used up its places.
     */
    isReserved({ topic, sequence }: LedgerMessage): boolean {
      if (sequence === null || claimOf(topic, sequence.publisher) !== "own") return false;
      const entries = publishers.devices.get(sequence.publisher)?.entries ?? 0;
      return entries < limits.entriesPerPublisherMax;
    },
    /**
     * Forgets accounts that are complete and idle; their counts go into the totals. Call it inside a
     * write transaction.
     *
     * @returns how many accounts.
     */
    forgetIdle(idleLimits: IdleLimits): number {
      const idle = forgetting.takeIdle(idleLimits);
      totals.addForgotten(idle);
      drop(idle);
      for (const { publisher: name, isDevice } of idle) {
        const all = publishersOf(isDevice === 1);
        if (all.get(name)?.entries === 0) all.delete(name);
      }
      return idle.length;
    },
    /** Forgets what it remembers, because the transaction was rolled back. The file keeps everything. */
    forget(): void {
      totals.forget();
      remembered.clear();
      changed = [];
      latest = null;
      unsequenced = { received: 0, filtered: 0 };
      publishers = readPublishers(database);
    },
    /** Whether a publisher is more than a newcomer, whose name any client could have invented. */
    isEstablished(name: string): boolean {
      const other = publishers.others.get(name);
      return publishers.devices.has(name) || (other !== undefined && isEstablished(other));
    },
    ...prepareReceipts(database, 2 * limits.entriesPerPublisherMax),
  };
}

/** @param entriesMax how many accounts a publisher may have altogether. */
function prepareReceipts(database: Database, entriesMax: number) {
  const ofPublisher = database.prepare<[string, number], LedgerRow>(
    `${SELECT_LEDGER}
     WHERE publisher = +? ORDER BY last_received_us DESC LIMIT +?`,
  );
  const recent = database
    .prepare<[number], string>(
      "SELECT publisher FROM ledger GROUP BY publisher ORDER BY max(last_received_us) DESC LIMIT +?",
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
function linesFor(newestFirst: readonly LedgerRow[]): readonly LedgerRow[] {
  if (newestFirst.length <= ENTRIES_MAX) return newestFirst;
  const devices = newestFirst.filter(({ isDevice }) => isDevice === 1).slice(0, DEVICE_ENTRIES);
  const established = newestFirst
    .filter((line) => line.isDevice === 0 && isEstablished(line))
    .slice(0, ESTABLISHED_ENTRIES);
  return [...new Set([...devices, ...established, ...newestFirst])].slice(0, ENTRIES_MAX);
}
