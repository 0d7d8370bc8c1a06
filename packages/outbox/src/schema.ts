import type { Database } from "better-sqlite3";

/** "WOUT" in the header of the file. */
const APPLICATION_ID = 0x574f5554;
const SCHEMA_VERSION = 1;

/**
 * - `messages`: what waits, in the order of its acceptance. `payload` is what goes on the wire.
 * - `sequences`: per epoch and topic, the last seq that was given out.
 * - `abandoned`: what was given up, and why; the publisher declares it, so that nobody looks for it.
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
