import type { Database, Statement } from "better-sqlite3";

/** Sequence numbers from..to, both included. */
export type SeqRange = readonly [from: number, to: number];

/** Which sequence numbers of one publisher, epoch and topic have arrived, without a set of numbers. */
export interface Account {
  /** Every number up to this one has arrived. */
  readonly through: number;
  /** The ranges beyond `through` that have arrived: ascending, with a gap before each. */
  readonly ranges: readonly SeqRange[];
}

/** An account that is changed in place, because that happens for each message. */
export interface OpenAccount {
  through: number;
  ranges: [from: number, to: number][];
}

interface AccountLimits {
  rangesMax: number;
  /** How far beyond the newest known number the next may lie; the first may be any. */
  jumpMax: number;
}

/** What bounds a ledger. When it is full, `displaced` chooses the accounts that are dropped. */
export interface LedgerLimits extends AccountLimits {
  /** Of each kind: of topics of devices, and of others. Names invented on one take no places of the other. */
  publishersMax: number;
  /** Accounts (epochs times topics) of one publisher, of each kind. An outbox may start epochs without end. */
  entriesPerPublisherMax: number;
}

export const LEDGER_LIMITS: LedgerLimits = {
  // More than the gaps that an outbox with a window of 2,000 can make.
  rangesMax: 1_024,
  jumpMax: 1_000_000,
  publishersMax: 10_000,
  entriesPerPublisherMax: 1_000,
};

/** How long an epoch is idle before the logger has the ledger forget it: 30 days. */
export const EPOCH_IDLE_US: number = 30 * 86_400_000_000;

/**
 * What a number is to an account: new, known already, or beyond what it can remember. An account with
 * too many ranges forgets the last of the shortest ones to enter another number.
 */
export type Accounted = "new" | "duplicate" | "beyond limits";

/** Enters one number into an account. */
export function enter(account: OpenAccount, seq: number, limits: AccountLimits): Accounted {
  const { through, ranges } = account;
  if (seq <= through) return "duplicate";
  if (seq === through + 1) {
    advance(account);
    return "new";
  }
  const last = ranges.at(-1);
  if (last !== undefined && seq <= last[1]) return enterAmong(ranges, seq, limits);
  if (last !== undefined && seq === last[1] + 1) {
    last[1] = seq;
    return "new";
  }
  // A store may be younger than its publishers: the first number that it sees is no jump.
  const isFirst = through === 0 && last === undefined;
  if (!isFirst && seq - newest(account) > limits.jumpMax) return "beyond limits";
  return insert(ranges, { at: ranges.length, seq }, limits);
}

/** Moves `through` on by one, and over a range that begins right behind it. */
function advance(account: OpenAccount): void {
  account.through += 1;
  if (account.ranges[0]?.[0] !== account.through + 1) return;
  account.through = account.ranges[0][1];
  account.ranges.shift();
}

/** Enters a number below the end of the last range. */
function enterAmong(ranges: OpenAccount["ranges"], seq: number, limits: AccountLimits): Accounted {
  const at = placeOf(ranges, seq);
  const [from, to] = ranges[at] as SeqRange;
  if (seq >= from && seq <= to) return "duplicate";
  if (seq === to + 1) {
    const next = ranges[at + 1];
    const isJoined = next !== undefined && next[0] === seq + 1;
    ranges.splice(at, isJoined ? 2 : 1, [from, isJoined ? next[1] : seq]);
    return "new";
  }
  if (seq === from - 1) {
    ranges[at] = [seq, to];
    return "new";
  }
  return insert(ranges, { at, seq }, limits);
}

/** Finds by bisection the first range that ends at `seq - 1` or later; the last one does. */
function placeOf(ranges: OpenAccount["ranges"], seq: number): number {
  let low = 0;
  let high = ranges.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle] as SeqRange)[1] < seq - 1) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(
  ranges: OpenAccount["ranges"],
  { at, seq }: { at: number; seq: number },
  { rangesMax }: AccountLimits,
): Accounted {
  ranges.splice(at, 0, [seq, seq]);
  if (ranges.length <= rangesMax) return "new";
  // An outbox sends its numbers in order: a number that stands alone and far ahead is least likely real.
  const shortest = Math.min(...ranges.map(([from, to]) => to - from));
  const leastLikely = ranges.findLastIndex(([from, to]) => to - from === shortest);
  ranges.splice(leastLikely, 1);
  return leastLikely === at ? "beyond limits" : "new";
}

/** The numbers below `end` that have not arrived. */
export function missingBelow({ through, ranges }: Account, end: number): SeqRange[] {
  const missing: SeqRange[] = [];
  let next = through + 1;
  for (const [from, to] of ranges) {
    if (next < Math.min(from, end)) missing.push([next, Math.min(from, end) - 1]);
    next = to + 1;
  }
  if (next < end) missing.push([next, end - 1]);
  return missing;
}

/** How many numbers below the newest known one have not arrived. */
export function missingCount(account: Account): number {
  return missingBelow(account, newest(account)).reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

function newest({ through, ranges }: Account): number {
  return ranges.at(-1)?.[1] ?? through;
}

/** The account in a row of the table `ledger`, where `ranges` is JSON `[[from, to], …]`. */
export function accountOf({ through, ranges }: { through: number; ranges: string }): OpenAccount {
  // Only the ledger writes what is parsed here.
  return { through, ranges: JSON.parse(ranges) as OpenAccount["ranges"] };
}

/** What holds a place in the ledger: a publisher, or one of its accounts. Times in microseconds since the epoch. */
export interface Member {
  /** Messages that were new. */
  received: number;
  firstReceivedUs: number;
  lastReceivedUs: number;
}

const ESTABLISHED_US = 3_600_000_000;
const ESTABLISHED_MESSAGES = 1_000;
const IDLE_US = 24 * 3_600_000_000;

/** Whether a member has sent a thousand messages, or over the span of an hour. */
export function isEstablished({ received, firstReceivedUs, lastReceivedUs }: Member): boolean {
  return received >= ESTABLISHED_MESSAGES || lastReceivedUs - firstReceivedUs >= ESTABLISHED_US;
}

/** Whether a member has been silent for a day: then it has no claim to its place. */
export function isIdle({ lastReceivedUs }: Pick<Member, "lastReceivedUs">, nowUs: number): boolean {
  return nowUs - lastReceivedUs >= IDLE_US;
}

/** A publisher with accounts on topics of its own device, or one with accounts on topics that name no device. */
export interface Publisher extends Member {
  readonly name: string;
  /** The topics name the publisher as their device. */
  readonly isDevice: boolean;
  entries: number;
}

/** The account of one publisher, epoch and topic, with its counts. */
export interface Entry extends OpenAccount, Member {
  readonly publisher: Publisher;
  readonly epoch: string;
  readonly topicId: number;
  duplicates: number;
  filtered: number;
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

const COLUMNS = `publisher, epoch, topic_id, through, ranges, received, duplicates, filtered,
  first_received_us, last_received_us, abandoned`;
// Without `abandoned`, which is part of the format and always 0.
const BOUND_COLUMNS = 10;

// With many publishers there is an entry for each row: one statement for many costs half.
const ENTRIES_PER_STATEMENT = 32;

/** The table `ledger`, entry by entry. */
export function prepareEntries(database: Database) {
  const select = database.prepare<[string, string, number], Entry & { ranges: string }>(
    `SELECT through, ranges, received, duplicates, filtered,
            first_received_us AS firstReceivedUs, last_received_us AS lastReceivedUs
     FROM ledger WHERE publisher = ? AND epoch = ? AND topic_id = ?`,
  );
  const replaceOne = prepareReplace(database, 1);
  const replaceMany = prepareReplace(database, ENTRIES_PER_STATEMENT);
  const bound = new Array<unknown>(ENTRIES_PER_STATEMENT * BOUND_COLUMNS).fill(null);

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
          bind(bound, at * BOUND_COLUMNS, entries[from + at] as Entry);
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
  const tuple = `(${"?, ".repeat(BOUND_COLUMNS)}0)`;
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
  bound[at + 8] = entry.firstReceivedUs;
  bound[at + 9] = entry.lastReceivedUs;
}
