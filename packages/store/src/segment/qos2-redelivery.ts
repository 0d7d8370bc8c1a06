import { createHash } from "node:crypto";
import type { Database } from "better-sqlite3";

/** A message of QoS 2 in a batch of rows. */
interface OpenedPacket {
  /** Its place in the batch. */
  index: number;
  packetId: number;
  /** See `packetDigest`. */
  digest: Buffer;
}

/** What a batch does to the packet ids that are open in a session. */
export interface Exchanges {
  /** The session that the packet ids belong to: one client's at one broker. */
  session: string;
  /** The session is new: nothing is open in it. */
  isNew: boolean;
  /** Are no longer open. They count before those that the batch opens. */
  released: readonly number[];
  opened: readonly OpenedPacket[];
}

interface Remembered {
  session: string | null;
  digests: Map<number, Buffer>;
}

const CREATE = `CREATE TABLE IF NOT EXISTS open_packets (
  session TEXT NOT NULL,
  packet_id INTEGER NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (session, packet_id)
) STRICT, WITHOUT ROWID`;

/**
 * Distinguishes a message from another one with its packet id, in case a broker forgets its session, or
 * uses an id before it is released.
 */
export function packetDigest({ topic, payload }: { topic: string; payload: Buffer }): Buffer {
  return createHash("sha256").update(`${topic}\0`).update(payload).digest();
}

/**
 * The packet ids of QoS 2 whose messages are stored and not released yet: one that comes again is stored
 * already [MQTT-4.3.3-10]. They are written in the transaction of the rows, so that no kill separates the
 * two.
 *
 * A store knows one session at a time, so there are 65,535 at most. The first one makes their table:
 * few stores ever have any.
 */
export function createOpenPackets(database: Database) {
  let remembered: Remembered | null = null;
  const known = (): Remembered => {
    remembered ??= read(database);
    return remembered;
  };

  function begin(session: string): Remembered {
    database.exec(CREATE);
    database.exec("DELETE FROM open_packets");
    remembered = { session, digests: new Map() };
    return remembered;
  }

  function settle({ session, isNew, released, opened }: Exchanges): ReadonlySet<number> {
    const { digests } = isNew || known().session !== session ? begin(session) : known();
    const remove = database.prepare("DELETE FROM open_packets WHERE session = ? AND packet_id = ?");
    for (const packetId of released) {
      if (digests.delete(packetId)) remove.run(session, packetId);
    }
    const insert = database.prepare("INSERT OR REPLACE INTO open_packets VALUES (?, ?, ?)");
    const stored = new Set<number>();
    for (const { index, packetId, digest } of opened) {
      if (digests.get(packetId)?.equals(digest)) stored.add(index);
      else {
        digests.set(packetId, digest);
        insert.run(session, packetId, digest);
      }
    }
    return stored;
  }

  return {
    /** Whether one of these is open. */
    hasAny(session: string, packetIds: readonly number[]): boolean {
      const { session: own, digests } = known();
      return own === session && packetIds.some((packetId) => digests.has(packetId));
    },
    /** Whether none is open, not even of another session. */
    isEmpty: (): boolean => known().digests.size === 0,
    /** Writes what a batch does. Call it inside the write transaction. @returns the rows that are stored already. */
    settle,
    /** Forgets what it remembers, because a transaction was rolled back. The file keeps everything. */
    forget(): void {
      remembered = null;
    },
  };
}

function read(database: Database): Remembered {
  const digests = new Map<number, Buffer>();
  if (!hasOpenPackets(database, "main")) return { session: null, digests };
  const rows = database
    .prepare<[], { session: string; packetId: number; digest: Buffer }>(
      "SELECT session, packet_id AS packetId, digest FROM open_packets",
    )
    .all();
  for (const { packetId, digest } of rows) digests.set(packetId, digest);
  return { session: rows.at(-1)?.session ?? null, digests };
}

/** Copies what is open in the attached segment that this one continues. */
export function carryOpenPackets(database: Database): void {
  if (!hasOpenPackets(database, "predecessor")) return;
  database.exec(`${CREATE}; INSERT INTO open_packets SELECT * FROM predecessor.open_packets`);
}

function hasOpenPackets(database: Database, schema: "main" | "predecessor"): boolean {
  return (
    database.prepare(`SELECT 1 FROM ${schema}.sqlite_schema WHERE name = 'open_packets'`).get() !==
    undefined
  );
}
