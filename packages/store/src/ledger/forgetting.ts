import type { Database } from "better-sqlite3";
import type { Publisher } from "./publishers.ts";
import { displaced } from "./standing.ts";
import { accountOf, type EntryRow } from "./table.ts";

/** A line of the ledger that is about to go. */
export interface ForgottenEntry extends EntryRow {
  /** 1 where the topic names the publisher as its device. */
  is_device: number;
}

/** Takes entries out of the file. Call all of it inside a write transaction. */
export interface Forgetting {
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
