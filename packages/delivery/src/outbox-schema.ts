import { type AnnouncementEntry, ENTRIES_MAX, RANGES_MAX } from "@weir/protocol";
import type { Database } from "better-sqlite3";

/** "WOUT" in the header of the file. */
const APPLICATION_ID = 0x574f5554;
const SCHEMA_VERSION = 1;

/**
 * - `messages`: what waits, in the order of acceptance. `payload` holds the bytes to publish.
 * - `sequences`: per epoch and topic, the last seq that was assigned.
 * - `abandoned`: what is not sent any more, and why. The publisher announces it, so that no audit counts it as lost.
 */
const VERSION_1 = `
CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  topic TEXT NOT NULL,
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL,
  payload BLOB NOT NULL,
  accepted_ms INTEGER NOT NULL,
  refusals INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX messages_by_sequence ON messages (epoch, topic, seq);

CREATE TABLE sequences (
  epoch TEXT NOT NULL,
  topic TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  PRIMARY KEY (epoch, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE abandoned (
  epoch TEXT NOT NULL,
  topic TEXT NOT NULL,
  seq INTEGER NOT NULL,
  reason TEXT NOT NULL,
  abandoned_ms INTEGER NOT NULL,
  PRIMARY KEY (epoch, topic, seq)
) STRICT, WITHOUT ROWID;
`;

/** Brings an open database to the current format, in one transaction. */
export function migrate(database: Database): void {
  const apply = database.transaction(() => {
    if (database.pragma("user_version", { simple: true }) === 0) database.exec(VERSION_1);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  });
  apply.immediate();
}

/** Reads what the publisher announces about itself: per epoch and topic, the newest first. */
export function prepareAnnouncement(database: Database): () => AnnouncementEntry[] {
  const select = database.prepare<
    [number],
    { epoch: string; topic: string; accepted: number; oldestUnsent: number }
  >(
    `SELECT epoch, topic, accepted,
            coalesce((SELECT min(seq) FROM messages
                      WHERE messages.epoch = sequences.epoch AND messages.topic = sequences.topic),
                     accepted + 1) AS oldestUnsent
     FROM sequences ORDER BY changed_ms DESC LIMIT ?`,
  );
  // Consecutive numbers have the same distance to their rank: they are one range.
  const selectAbandoned = database
    .prepare<[string, string, number], [number, number]>(
      `SELECT min(seq), max(seq)
       FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS distance
             FROM abandoned WHERE epoch = ? AND topic = ?)
       GROUP BY distance ORDER BY 1 DESC LIMIT ?`,
    )
    .raw();

  return () =>
    select.all(ENTRIES_MAX).map(({ epoch, topic, accepted, oldestUnsent }) => ({
      epoch,
      topic,
      accepted,
      oldestUnsent,
      abandoned: selectAbandoned.all(epoch, topic, RANGES_MAX).reverse(),
    }));
}
