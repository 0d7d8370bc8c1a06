import type { ClaimOf } from "@weir/messages";
import type { Database } from "better-sqlite3";
import type { Member } from "./standing.ts";

/** A publisher that is kept account of: on topics of its own device, or on topics that name none. */
export interface Publisher extends Member {
  readonly name: string;
  /** Its topics name it as their device. */
  readonly isDevice: boolean;
  /** How many entries it has. */
  entries: number;
}

/** All publishers that are kept account of, by name: one may be among the devices and among the others. */
export interface Publishers {
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
