import type { Database } from "better-sqlite3";
import {
  accountOf,
  isEstablished,
  isIdle,
  type Member,
  missingCount,
  type Publisher,
} from "./account.ts";

/** Reads the publishers from the whole ledger, by name. One name may be among the devices and among the others. */
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
  for (const row of rows) {
    const isDevice = row.isDevice === 1;
    (isDevice ? devices : others).set(row.name, { ...row, isDevice });
  }
  return { devices, others };
}

/** Of the places, what is always open to newcomers. */
const OPEN_SHARE = 1 / 10;
// Choosing looks at all members, so several leave at once.
const SHARE_DISPLACED = 1 / 64;

/**
 * Chooses which members a full ledger drops: the members that have been silent the longest, but
 * no established one that was heard within a day. So a client that invents names, or epochs of another
 * publisher's name, displaces newcomers only; and a newcomer always finds a place. Where more members
 * are established than nine tenths of the places, those known for longest stay.
 */
export function displaced<M extends Member>(
  members: Iterable<M>,
  placesMax: number,
  nowUs: number,
): M[] {
  const all = [...members];
  const stayMax = placesMax - Math.ceil(placesMax * OPEN_SHARE);
  let staying = all.filter((member) => isEstablished(member) && !isIdle(member, nowUs));
  if (staying.length > stayMax) {
    staying = staying.toSorted((a, b) => a.firstReceivedUs - b.firstReceivedUs).slice(0, stayMax);
  }
  const stays = new Set(staying);
  const others = all.filter((member) => !stays.has(member));
  const count = Math.max(1, Math.floor(others.length * SHARE_DISPLACED));
  return others.toSorted((a, b) => a.lastReceivedUs - b.lastReceivedUs).slice(0, count);
}

/** A row of the table `ledger`, with its topic. */
export interface LedgerRow extends Member {
  publisher: string;
  epoch: string;
  topicId: number;
  topic: string;
  through: number;
  ranges: string;
  duplicates: number;
  filtered: number;
  /** 1 where the topic names the publisher as its device. */
  isDevice: number;
}

/** Selects `LedgerRow`s. The topic is looked up for each row, so that they come in the order of the ledger. */
export const SELECT_LEDGER = `SELECT publisher, epoch, topic_id AS topicId, topics.topic, through, ranges, received,
    duplicates, filtered, first_received_us AS firstReceivedUs, last_received_us AS lastReceivedUs,
    weir_is_device(topics.topic, publisher) AS isDevice
  FROM ledger CROSS JOIN topics ON topics.id = topic_id`;

/** Which accounts the ledger forgets because they are complete: those without a gap, of idle epochs. */
export interface IdleLimits {
  /** Epochs of which no message has come since then, on any topic. Microseconds since the epoch. */
  idleBeforeUs: number;
  /** A call looks at about so many accounts, from where the call before has ended. */
  entriesMax: number;
}

/** Takes rows out of the table `ledger`. Call all of it inside a write transaction. */
export function prepareForgetting(database: Database) {
  const ofPublisher = database.prepare<[string], LedgerRow>(
    `${SELECT_LEDGER} WHERE publisher = +?`,
  );
  const after = database.prepare<[string, string], LedgerRow>(
    `${SELECT_LEDGER} WHERE (publisher, epoch) > (?, ?) ORDER BY publisher, epoch, topic_id`,
  );
  const remove = database.prepare<[string, string, number]>(
    "DELETE FROM ledger WHERE publisher = ? AND epoch = ? AND topic_id = ?",
  );
  const start = { publisher: "", epoch: "" };
  // Where the next `takeIdle` begins.
  let place = start;

  function readAll({ name, isDevice }: Publisher): LedgerRow[] {
    return ofPublisher.all(name).filter((entry) => (entry.isDevice === 1) === isDevice);
  }

  function take(entries: LedgerRow[]): LedgerRow[] {
    for (const { publisher, epoch, topicId } of entries) remove.run(publisher, epoch, topicId);
    return entries;
  }

  function readIdle({ idleBeforeUs, entriesMax }: IdleLimits): LedgerRow[] {
    const idle: LedgerRow[] = [];
    let looked = 0;
    let epoch: LedgerRow[] = [];
    const endEpoch = (): void => {
      if (epoch.every(({ lastReceivedUs }) => lastReceivedUs < idleBeforeUs)) {
        idle.push(...epoch.filter((entry) => accountOf(entry).ranges.length === 0));
      }
    };
    for (const entry of after.iterate(place.publisher, place.epoch)) {
      if (epoch[0]?.publisher !== entry.publisher || epoch[0].epoch !== entry.epoch) {
        endEpoch();
        epoch = [];
        if (looked >= entriesMax) return idle;
        place = { publisher: entry.publisher, epoch: entry.epoch };
      }
      epoch.push(entry);
      looked += 1;
    }
    endEpoch();
    place = start;
    return idle;
  }

  return {
    takeAll: (publisher: Publisher) => take(readAll(publisher)),
    /** Takes the accounts of a publisher that are dropped for new ones. */
    takeDisplaced: (publisher: Publisher, placesMax: number, nowUs: number) =>
      take(displaced(readAll(publisher), placesMax, nowUs)),
    takeIdle: (limits: IdleLimits) => take(readIdle(limits)),
  };
}

// Names that no publisher can have: for messages without a sequence, and for the publishers that have
// no separate totals.
const UNSEQUENCED = "";
const OTHERS = "*";

const ZERO = { epochs: 0, received: 0, duplicates: 0, filtered: 0, missing: 0 };

/**
 * The table `ledger_totals`: the counts of the messages that have no account in the ledger.
 *
 * @param publishersMax publishers that have separate totals; later ones share one.
 */
export function createTotals(database: Database, publishersMax: number) {
  const add = database.prepare<[typeof ZERO & { publisher: string }]>(
    `INSERT INTO ledger_totals (publisher, epochs, received, duplicates, filtered, abandoned, missing)
     VALUES (@publisher, @epochs, @received, @duplicates, @filtered, 0, @missing)
     ON CONFLICT (publisher) DO UPDATE SET
       epochs = epochs + excluded.epochs, received = received + excluded.received,
       duplicates = duplicates + excluded.duplicates, filtered = filtered + excluded.filtered,
       missing = missing + excluded.missing`,
  );
  const isThere = database
    .prepare<[string], number>("SELECT EXISTS (SELECT 1 FROM ledger_totals WHERE publisher = ?)")
    .pluck();
  const count = database
    .prepare<[string, string], number>(
      "SELECT count(*) FROM ledger_totals WHERE publisher NOT IN (?, ?)",
    )
    .pluck();
  // How many have separate totals; counted when it is first needed.
  let owners: number | null = null;

  function nameFor(publisher: string): string {
    if (isThere.get(publisher) === 1) return publisher;
    owners ??= count.get(UNSEQUENCED, OTHERS) as number;
    if (owners >= publishersMax) return OTHERS;
    owners += 1;
    return publisher;
  }

  return {
    addUnsequenced(messages: { received: number; filtered: number }): void {
      add.run({ ...ZERO, ...messages, publisher: UNSEQUENCED });
    },
    /** Counts accounts that are forgotten, each as an epoch of its publisher. */
    addForgotten(entries: readonly LedgerRow[]): void {
      for (const [publisher, own] of Map.groupBy(entries, (entry) => entry.publisher)) {
        add.run({ ...sumOf(own), publisher: nameFor(publisher) });
      }
    },
    /** Counts accounts of newcomers. Their names may be invented: they get no separate totals. */
    addNewcomers(entries: readonly LedgerRow[]): void {
      if (entries.length > 0) add.run({ ...sumOf(entries), publisher: OTHERS });
    },
    /** Forgets what it remembers, because a transaction was rolled back. */
    forget(): void {
      owners = null;
    },
  };
}

function sumOf(entries: readonly LedgerRow[]): typeof ZERO {
  const sum = { ...ZERO, epochs: entries.length };
  for (const entry of entries) {
    sum.received += entry.received;
    sum.duplicates += entry.duplicates;
    sum.filtered += entry.filtered;
    sum.missing += missingCount(accountOf(entry));
  }
  return sum;
}
