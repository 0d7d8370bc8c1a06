import type { Database, Statement } from "better-sqlite3";
import { type Account, missingCount, type OpenAccount, type SeqRange } from "./account.ts";
import { displaced, type Entry, type EntryKey, emptyEntry, type Publisher } from "./places.ts";

/** One line of the table `ledger`. */
export interface EntryRow {
  publisher: string;
  epoch: string;
  topic_id: number;
  through: number;
  /** JSON. */
  ranges: string;
  received: number;
  duplicates: number;
  filtered: number;
  abandoned: number;
  first_received_us: number;
  last_received_us: number;
}

/** The table `ledger`, entry by entry. */
interface LedgerTable {
  read(key: EntryKey): Entry | null;
  /** Call it inside a write transaction. */
  write(entries: readonly Entry[]): void;
}

const COLUMNS = `publisher, epoch, topic_id, through, ranges, received, duplicates, filtered, abandoned,
  first_received_us, last_received_us`;
const COLUMN_COUNT = 11;

// With many publishers there is an entry for each row: one statement for many costs half.
const ENTRIES_PER_STATEMENT = 32;

export function prepareLedgerTable(database: Database): LedgerTable {
  const select = database.prepare<[string, string, number], EntryRow>(
    "SELECT * FROM ledger WHERE publisher = ? AND epoch = ? AND topic_id = ?",
  );
  const replaceOne = prepareReplace(database, 1);
  const replaceMany = prepareReplace(database, ENTRIES_PER_STATEMENT);
  const bound = new Array<unknown>(ENTRIES_PER_STATEMENT * COLUMN_COUNT).fill(null);

  return {
    read: (key) => {
      const row = select.get(key.publisher.name, key.epoch, key.topicId);
      return row === undefined ? null : toEntry(key, row);
    },
    write: (entries) => {
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

/** The account in a line. Only this file writes what it reads. */
export function accountOf({ through, ranges }: Pick<EntryRow, "through" | "ranges">): OpenAccount {
  const parsed = JSON.parse(ranges) as SeqRange[];
  return { through, ranges: parsed.map(([from, to]) => [from, to]) };
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
  bound[at + 4] = toJson(entry.ranges);
  bound[at + 5] = entry.received;
  bound[at + 6] = entry.duplicates;
  bound[at + 7] = entry.filtered;
  bound[at + 8] = entry.abandoned;
  bound[at + 9] = entry.firstReceivedUs;
  bound[at + 10] = entry.lastReceivedUs;
}

function toJson(ranges: Account["ranges"]): string {
  return ranges.length === 0 ? "[]" : JSON.stringify(ranges);
}

function toEntry(key: EntryKey, row: EntryRow): Entry {
  const { received, duplicates, filtered, abandoned } = row;
  return {
    ...emptyEntry(key, row.first_received_us),
    ...accountOf(row),
    ...{ received, duplicates, filtered, abandoned },
    lastReceivedUs: row.last_received_us,
  };
}

/** Messages without a sequence stand under a name that no publisher can have. */
const UNSEQUENCED = "";

/** And so do the publishers for whom there is no room among the totals. */
const OTHERS = "*";

/** The table `ledger_totals`: what remains of what the ledger does not keep account of. */
interface LedgerTotals {
  /** Counts messages without a sequence. */
  addUnsequenced(messages: { received: number; filtered: number }): void;
  /** Counts entries that are forgotten, each as an epoch of its publisher. */
  addForgotten(entries: readonly EntryRow[]): void;
  /** Counts entries of publishers that may be mere inventions: they get no totals of their own. */
  addDisplaced(entries: readonly EntryRow[]): void;
  /** Forgets what it remembers, because a transaction was rolled back. */
  forget(): void;
}

interface Sum {
  publisher: string;
  epochs: number;
  received: number;
  duplicates: number;
  filtered: number;
  abandoned: number;
  missing: number;
}

/** @param publishersMax publishers that have totals of their own; the later ones share theirs. */
export function prepareTotals(database: Database, publishersMax: number): LedgerTotals {
  const add = database.prepare<[Sum]>(
    `INSERT INTO ledger_totals (publisher, epochs, received, duplicates, filtered, abandoned, missing)
     VALUES (@publisher, @epochs, @received, @duplicates, @filtered, @abandoned, @missing)
     ON CONFLICT (publisher) DO UPDATE SET
       epochs = epochs + excluded.epochs, received = received + excluded.received,
       duplicates = duplicates + excluded.duplicates, filtered = filtered + excluded.filtered,
       abandoned = abandoned + excluded.abandoned, missing = missing + excluded.missing`,
  );
  const isThere = database
    .prepare<[string], number>("SELECT EXISTS (SELECT 1 FROM ledger_totals WHERE publisher = ?)")
    .pluck();
  const count = database
    .prepare<[string, string], number>(
      "SELECT count(*) FROM ledger_totals WHERE publisher NOT IN (?, ?)",
    )
    .pluck();
  // How many have totals of their own; counted when it is first needed.
  let owners: number | null = null;

  function nameFor(publisher: string): string {
    if (isThere.get(publisher) === 1) return publisher;
    owners ??= count.get(UNSEQUENCED, OTHERS) as number;
    if (owners >= publishersMax) return OTHERS;
    owners += 1;
    return publisher;
  }

  return {
    addUnsequenced: (messages) => {
      add.run({ ...NOTHING, publisher: UNSEQUENCED, ...messages });
    },
    addForgotten: (entries) => {
      const sums = new Map<string, Sum>();
      for (const row of entries) {
        const sum = sums.get(row.publisher) ?? { ...NOTHING, publisher: row.publisher };
        sums.set(row.publisher, sum);
        addTo(sum, row);
      }
      for (const sum of sums.values()) add.run({ ...sum, publisher: nameFor(sum.publisher) });
    },
    addDisplaced: (entries) => {
      if (entries.length === 0) return;
      const sum = { ...NOTHING, publisher: OTHERS };
      for (const row of entries) addTo(sum, row);
      add.run(sum);
    },
    forget: () => {
      owners = null;
    },
  };
}

function addTo(sum: Sum, row: EntryRow): void {
  sum.epochs += 1;
  sum.received += row.received;
  sum.duplicates += row.duplicates;
  sum.filtered += row.filtered;
  sum.abandoned += row.abandoned;
  sum.missing += missingCount(accountOf(row));
}

const NOTHING = { epochs: 0, received: 0, duplicates: 0, filtered: 0, abandoned: 0, missing: 0 };

/** A line of the ledger that is about to go. */
export interface ForgottenEntry extends EntryRow {
  /** 1 where the topic names the publisher as its device. */
  is_device: number;
}

/** Takes entries out of the file. Call all of it inside a write transaction. */
interface Forgetting {
  /** Those of a publisher that make room for new ones. */
  takeDisplaced(
    publisher: Publisher,
    places: { placesMax: number; nowUs: number },
  ): ForgottenEntry[];
  /** All of a publisher. */
  takeAll(publisher: Publisher): ForgottenEntry[];
  /** The next ones that are done with: see `IdleLimits`. */
  takeDone(limits: IdleLimits): ForgottenEntry[];
}

/** What is to be forgotten because it is done with: entries without a gap, of epochs that are idle. */
export interface IdleLimits {
  /** Epochs of which no message has come since then, on any topic. Microseconds since the epoch. */
  idleBeforeUs: number;
  /** About so many entries are looked at, from where the call before has ended. */
  entriesMax: number;
}

/** A place in the order of the table. */
interface Place {
  publisher: string;
  epoch: string;
}

const START: Place = { publisher: "", epoch: "" };

const SELECT = `SELECT ledger.*, weir_is_device(topics.topic, publisher) AS is_device
  FROM ledger CROSS JOIN topics ON topics.id = topic_id`;

export function prepareForgetting(database: Database): Forgetting {
  const ofPublisher = database.prepare<[string], ForgottenEntry>(`${SELECT} WHERE publisher = ?`);
  const one = database.prepare<[string, string, number]>(
    "DELETE FROM ledger WHERE publisher = ? AND epoch = ? AND topic_id = ?",
  );
  const after = database.prepare<[string, string], ForgottenEntry>(
    `${SELECT} WHERE (publisher, epoch) > (?, ?) ORDER BY publisher, epoch, topic_id`,
  );
  let place = START;

  function readAll({ name, isDevice }: Publisher): ForgottenEntry[] {
    return ofPublisher.all(name).filter((row) => (row.is_device === 1) === isDevice);
  }

  function take(rows: ForgottenEntry[]): ForgottenEntry[] {
    for (const { publisher, epoch, topic_id: topicId } of rows) one.run(publisher, epoch, topicId);
    return rows;
  }

  function readDone({ idleBeforeUs, entriesMax }: IdleLimits): ForgottenEntry[] {
    const done: ForgottenEntry[] = [];
    let looked = 0;
    let epoch: ForgottenEntry[] = [];
    const endEpoch = (): void => {
      if (epoch.every(({ last_received_us: lastUs }) => lastUs < idleBeforeUs)) {
        done.push(...epoch.filter((row) => accountOf(row).ranges.length === 0));
      }
    };
    for (const row of after.iterate(place.publisher, place.epoch)) {
      const isSame = epoch[0]?.publisher === row.publisher && epoch[0].epoch === row.epoch;
      if (!isSame) {
        endEpoch();
        epoch = [];
        if (looked >= entriesMax) return done;
        place = { publisher: row.publisher, epoch: row.epoch };
      }
      epoch.push(row);
      looked += 1;
    }
    endEpoch();
    place = START;
    return done;
  }

  return {
    takeDisplaced: (publisher, places) => {
      const members = readAll(publisher).map((row) => ({
        row,
        received: row.received,
        firstReceivedUs: row.first_received_us,
        lastReceivedUs: row.last_received_us,
      }));
      return take(displaced(members, places).map(({ row }) => row));
    },
    takeAll: (publisher) => take(readAll(publisher)),
    takeDone: (limits) => take(readDone(limits)),
  };
}
