import type { Database } from "better-sqlite3";
import { accountOf, type EntryRow } from "./table.ts";

/** Takes entries out of the file. Call all of it inside a write transaction. */
export interface Forgetting {
  /** Those of a publisher that have been idle the longest. */
  takeIdlest(publisher: string, entriesMax: number): EntryRow[];
  /** All of a publisher. */
  takeAll(publisher: string): EntryRow[];
  /** The next ones that are done with: see `IdleLimits`. */
  takeDone(limits: IdleLimits): EntryRow[];
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

export function prepareForgetting(database: Database): Forgetting {
  const idlest = database.prepare<[string, string, number], EntryRow>(
    `DELETE FROM ledger WHERE publisher = ? AND (epoch, topic_id) IN
       (SELECT epoch, topic_id FROM ledger WHERE publisher = ? ORDER BY last_received_us LIMIT ?)
     RETURNING *`,
  );
  const all = database.prepare<[string], EntryRow>(
    "DELETE FROM ledger WHERE publisher = ? RETURNING *",
  );
  const one = database.prepare<[string, string, number]>(
    "DELETE FROM ledger WHERE publisher = ? AND epoch = ? AND topic_id = ?",
  );
  const after = database.prepare<[string, string], EntryRow>(
    `SELECT * FROM ledger WHERE (publisher, epoch) > (?, ?) ORDER BY publisher, epoch, topic_id`,
  );
  let place = START;

  function readDone({ idleBeforeUs, entriesMax }: IdleLimits): EntryRow[] {
    const done: EntryRow[] = [];
    let looked = 0;
    let epoch: EntryRow[] = [];
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
    takeIdlest: (publisher, entriesMax) => idlest.all(publisher, publisher, entriesMax),
    takeAll: (publisher) => all.all(publisher),
    takeDone: (limits) => {
      const done = readDone(limits);
      for (const { publisher, epoch, topic_id: topicId } of done)
        one.run(publisher, epoch, topicId);
      return done;
    },
  };
}
