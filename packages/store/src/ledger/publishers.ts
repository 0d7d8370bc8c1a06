import type { Database } from "better-sqlite3";

/** A publisher that is kept account of. */
export interface Publisher {
  readonly name: string;
  /** How many entries it has. */
  entries: number;
  /** When its newest message came, in microseconds since the epoch. */
  lastReceivedUs: number;
}

/** All publishers that are kept account of, by name. */
export type Publishers = Map<string, Publisher>;

/** Reads them out of the whole ledger. */
export function readPublishers(database: Database): Publishers {
  const publishers = database
    .prepare<[], Publisher>(
      `SELECT publisher AS name, count(*) AS entries, max(last_received_us) AS lastReceivedUs
       FROM ledger GROUP BY publisher`,
    )
    .all();
  return new Map(publishers.map((publisher) => [publisher.name, publisher]));
}

/** The publisher that has been silent the longest; `null` when there is none. */
export function idlestOf(publishers: Publishers): Publisher | null {
  let idlest: Publisher | null = null;
  for (const publisher of publishers.values()) {
    if (idlest === null || publisher.lastReceivedUs < idlest.lastReceivedUs) idlest = publisher;
  }
  return idlest;
}
