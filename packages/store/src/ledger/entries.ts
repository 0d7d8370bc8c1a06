import type { ClaimOf } from "@weir/protocol";
import type { Database, Statement } from "better-sqlite3";
import { accountOf, type OpenAccount } from "./account.ts";

/** The account of one publisher, epoch and topic, with its counts. Times in microseconds since the epoch. */
export interface Entry extends OpenAccount {
  readonly publisher: Publisher;
  readonly epoch: string;
  readonly topicId: number;
  received: number;
  duplicates: number;
  filtered: number;
  abandoned: number;
  readonly firstReceivedUs: number;
  lastReceivedUs: number;
  /** The file does not have it as it is here. */
  isChanged: boolean;
}

export type EntryKey = Pick<Entry, "publisher" | "epoch" | "topicId">;

/** An account into which nothing has been entered. */
export function emptyEntry({ publisher, epoch, topicId }: EntryKey, receivedUs: number): Entry {
  return {
    publisher,
    epoch,
    topicId,
    through: 0,
    ranges: [],
    received: 0,
    duplicates: 0,
    filtered: 0,
    abandoned: 0,
    firstReceivedUs: receivedUs,
    lastReceivedUs: receivedUs,
    isChanged: false,
  };
}

// Some 10 MB together.
const ENTRIES_MAX = 10_000;
const RANGES_MAX = 100_000;

/** Entries that were read or changed, so that the next message need not ask the file. */
export function createRemembered() {
  // Maps in maps: one key for all three would have to be built for each message.
  const byPublisher = new Map<Publisher, Map<number, Map<string, Entry>>>();
  let entries = 0;
  let ranges = 0;

  return {
    find: ({ publisher, epoch, topicId }: EntryKey): Entry | undefined =>
      byPublisher.get(publisher)?.get(topicId)?.get(epoch),
    add(entry: Entry): void {
      const byTopic = byPublisher.get(entry.publisher) ?? new Map<number, Map<string, Entry>>();
      const byEpoch = byTopic.get(entry.topicId) ?? new Map<string, Entry>();
      byPublisher.set(entry.publisher, byTopic.set(entry.topicId, byEpoch));
      byEpoch.set(entry.epoch, entry);
      entries += 1;
      ranges += entry.ranges.length;
    },
    delete({ publisher, epoch, topicId }: EntryKey): void {
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
    clear(): void {
      byPublisher.clear();
      entries = 0;
      ranges = 0;
    },
    /** Counts ranges that an entry has got since it was added. */
    addRanges(more: number): void {
      ranges += more;
    },
    isFull: (): boolean => entries >= ENTRIES_MAX || ranges >= RANGES_MAX,
  };
}

const COLUMNS = `publisher, epoch, topic_id, through, ranges, received, duplicates, filtered, abandoned,
  first_received_us, last_received_us`;
const COLUMN_COUNT = 11;

// With many publishers there is an entry for each row: one statement for many costs half.
const ENTRIES_PER_STATEMENT = 32;

/** The table `ledger`, entry by entry. */
export function prepareEntries(database: Database) {
  const select = database.prepare<[string, string, number], Entry & { ranges: string }>(
    `SELECT through, ranges, received, duplicates, filtered, abandoned,
            first_received_us AS firstReceivedUs, last_received_us AS lastReceivedUs
     FROM ledger WHERE publisher = ? AND epoch = ? AND topic_id = ?`,
  );
  const replaceOne = prepareReplace(database, 1);
  const replaceMany = prepareReplace(database, ENTRIES_PER_STATEMENT);
  const bound = new Array<unknown>(ENTRIES_PER_STATEMENT * COLUMN_COUNT).fill(null);

  return {
    read(key: EntryKey): Entry | null {
      const row = select.get(key.publisher.name, key.epoch, key.topicId);
      if (row === undefined) return null;
      return { ...emptyEntry(key, row.firstReceivedUs), ...row, ...accountOf(row) };
    },
    /** Call it inside a write transaction. */
    write(entries: readonly Entry[]): void {
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
  bound[at + 4] = entry.ranges.length === 0 ? "[]" : JSON.stringify(entry.ranges);
  bound[at + 5] = entry.received;
  bound[at + 6] = entry.duplicates;
  bound[at + 7] = entry.filtered;
  bound[at + 8] = entry.abandoned;
  bound[at + 9] = entry.firstReceivedUs;
  bound[at + 10] = entry.lastReceivedUs;
}

/** A publisher with accounts on topics of its own device, or one with accounts on topics that name no device. */
export interface Publisher {
  readonly name: string;
  /** The topics name the publisher as their device. */
  readonly isDevice: boolean;
  /** How many accounts it has. */
  entries: number;
  /** Messages that were new. */
  received: number;
  readonly firstReceivedUs: number;
  lastReceivedUs: number;
}

/** Makes the function `weir_is_device(topic, publisher)` for the statements of a connection. */
export function defineIsDevice(database: Database, claimOf: ClaimOf): void {
  database.function("weir_is_device", { deterministic: true }, (topic, publisher) =>
    claimOf(topic as string, publisher as string) === "own" ? 1 : 0,
  );
}

/** Reads the publishers from the whole ledger. One name may be among the devices and among the others. */
export function readPublishers(database: Database) {
  const rows = database
    .prepare<[], Omit<Publisher, "isDevice"> & { isDevice: number }>(
      `SELECT publisher AS name, weir_is_device(topics.topic, publisher) AS isDevice,
              count(*) AS entries, sum(received) AS received,
              min(first_received_us) AS firstReceivedUs, max(last_received_us) AS lastReceivedUs
       FROM ledger JOIN topics ON topics.id = topic_id GROUP BY 1, 2`,
    )
    .all();
  const devices = new Map<string, Publisher>();
  const others = new Map<string, Publisher>();
  const of = (isDevice: boolean) => (isDevice ? devices : others);
  for (const row of rows) {
    const publisher = { ...row, isDevice: row.isDevice === 1 };
    of(publisher.isDevice).set(publisher.name, publisher);
  }
  return { of };
}
