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
  /** Whose packet ids they are: a client's at a broker. */
  session: string;
  /** The session is new: nothing is open in it. */
  isNew: boolean;
  /** Are open no more. They count before those that the batch opens. */
  released: readonly number[];
  opened: readonly OpenedPacket[];
}

/**
 * The packet ids of QoS 2 whose messages are stored and not released yet: one that comes again is stored
 * already [MQTT-4.3.3-10]. They are written in the transaction of the rows, so that no kill divides them.
 *
 * A store knows one session at a time, so there are 65,535 at most. Their table is made with the first
 * one: few stores ever have any.
 */
export interface OpenPackets {
  /** Whether one of these is open. */
  hasAny(session: string, packetIds: readonly number[]): boolean;
  /** Whether any is open, also of another session. */
  isEmpty(): boolean;
  /** Writes what a batch does. Call it inside the write transaction. @returns the rows that are stored already. */
  settle(exchanges: Exchanges): ReadonlySet<number>;
  /** Forgets what it remembers, because a transaction was rolled back. The file keeps all. */
  forget(): void;
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
 * Tells a message from another one that has its packet id, should a broker forget its session, or use an
 * id before it is released.
 */
export function packetDigest({ topic, payload }: { topic: string; payload: Buffer }): Buffer {
  return createHash("sha256").update(`${topic}\0`).update(payload).digest();
}

export function createOpenPackets(database: Database): OpenPackets {
  let remembered: Remembered | null = null;

  function known(): Remembered {
    remembered ??= read(database);
    return remembered;
  }

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
    hasAny: (session, packetIds) => {
      const { session: own, digests } = known();
      return own === session && packetIds.some((packetId) => digests.has(packetId));
    },
    isEmpty: () => known().digests.size === 0,
    settle,
    forget: () => {
      remembered = null;
    },
  };
}

function read(database: Database): Remembered {
  const digests = new Map<number, Buffer>();
  if (!hasOpenPackets(database, "main")) return { session: null, digests };
  let session: string | null = null;
  const rows = database
    .prepare<[], [string, number, Buffer]>("SELECT session, packet_id, digest FROM open_packets")
    .raw()
    .all() as [string, number, Buffer][];
  for (const [own, packetId, digest] of rows) {
    session = own;
    digests.set(packetId, digest);
  }
  return { session, digests };
}

/** Takes over what is open in a segment that this one goes on from. */
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
