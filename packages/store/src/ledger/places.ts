import type { ClaimOf } from "@weir/protocol";
import type { Database } from "better-sqlite3";
import type { OpenAccount } from "./account.ts";

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

/** What one account is kept under. */
export type EntryKey = Pick<Entry, "publisher" | "epoch" | "topicId">;

/** An account into which nothing has been entered. */
export function emptyEntry(key: EntryKey, receivedUs: number): Entry {
  return {
    publisher: key.publisher,
    epoch: key.epoch,
    topicId: key.topicId,
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

/** A publisher that is kept account of: on topics of its own device, or on topics that name none. */
export interface Publisher extends Member {
  readonly name: string;
  /** Its topics name it as their device. */
  readonly isDevice: boolean;
  /** How many entries it has. */
  entries: number;
}

/** All publishers that are kept account of, by name: one may be among the devices and among the others. */
interface Publishers {
  of(isDevice: boolean): Map<string, Publisher>;
}

/** Makes the function `weir_is_device(topic, publisher)` for statements of a connection. */
export function defineIsDevice(database: Database, claimOf: ClaimOf): void {
  database.function("weir_is_device", { deterministic: true }, (topic, publisher) =>
    claimOf(topic as string, publisher as string) === "own" ? 1 : 0,
  );
}

/** Reads them out of the whole ledger. */
export function readPublishers(database: Database): Publishers {
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
    const publisher = { ...row, isDevice: row.isDevice === 1 };
    (publisher.isDevice ? devices : others).set(publisher.name, publisher);
  }
  return { of: (isDevice) => (isDevice ? devices : others) };
}

/** What the ledger knows of a publisher, or of one of its accounts. Times in microseconds since the epoch. */
interface Member {
  /** Messages that were new. */
  received: number;
  firstReceivedUs: number;
  lastReceivedUs: number;
}

const HOUR_US = 3_600_000_000;
/** A member that has been silent for so long has no claim to its place. */
const IDLE_US = 24 * HOUR_US;
const ESTABLISHED_US = HOUR_US;
const ESTABLISHED_MESSAGES = 1_000;
/** Of the places, what is always open to newcomers. */
const OPEN_SHARE = 1 / 10;
// Choosing takes a look at all of them: a few go each time.
const SHARE_DISPLACED = 1 / 64;

/** Whether a member has been there for an hour, or has sent a thousand messages. */
export function isEstablished({ received, firstReceivedUs, lastReceivedUs }: Member): boolean {
  return received >= ESTABLISHED_MESSAGES || lastReceivedUs - firstReceivedUs >= ESTABLISHED_US;
}

/** Whether a member has been silent for a day. */
export function isIdle({ lastReceivedUs }: Pick<Member, "lastReceivedUs">, nowUs: number): boolean {
  return nowUs - lastReceivedUs >= IDLE_US;
}

/**
 * Who makes room where all places are taken: those that have been silent the longest, but no
 * established one that was heard within a day. So whoever invents names, or epochs of somebody else's
 * name, displaces newcomers only; and a newcomer always finds a place. Where more are established than
 * nine tenths of the places, those known for longest stay.
 */
export function displaced<M extends Member>(
  members: readonly M[],
  { placesMax, nowUs }: { placesMax: number; nowUs: number },
): M[] {
  const stayMax = placesMax - Math.ceil(placesMax * OPEN_SHARE);
  let staying = members.filter((member) => isEstablished(member) && !isIdle(member, nowUs));
  if (staying.length > stayMax) {
    staying = staying.toSorted((a, b) => a.firstReceivedUs - b.firstReceivedUs).slice(0, stayMax);
  }
  const stays = new Set(staying);
  const others = members.filter((member) => !stays.has(member));
  const count = Math.max(1, Math.floor(others.length * SHARE_DISPLACED));
  return others.toSorted((a, b) => a.lastReceivedUs - b.lastReceivedUs).slice(0, count);
}
