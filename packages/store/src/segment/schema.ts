import { OUTCOMES } from "@weir/protocol";
import type { DatabaseFormat } from "@weir/runtime";
import type { Database } from "better-sqlite3";

/** "WEIR" in the header of the file, by which file(1) and Weir recognise it. */
export const APPLICATION_ID = 0x57454952;

/** The version of the format; `migrations` lead to it one by one. */
export const SCHEMA_VERSION = 2;

/** How the files of rows are recognised. */
export const SEGMENT_FORMAT: DatabaseFormat = {
  applicationId: APPLICATION_ID,
  version: SCHEMA_VERSION,
};

// They join the table `topics`, so each version that changes it makes them again.
const VIEWS_OF_TOPICS = `
-- What users of Attic know: every message as it came.
CREATE VIEW data (reception_timestamp, topic, payload) AS
  SELECT received_us, topics.topic, payload
  FROM rows JOIN topics ON topics.id = rows.topic_id;

-- Every message with what became of it, in words.
CREATE VIEW explained (id, received, topic, payload, kind, reason, value, observed) AS
  SELECT rows.id, strftime('%Y-%m-%dT%H:%M:%fZ', received_us / 1e6, 'unixepoch'), topics.topic,
         CAST(payload AS TEXT), outcomes.kind, outcomes.reason, value,
         strftime('%Y-%m-%dT%H:%M:%fZ', observed_us / 1e6, 'unixepoch')
  FROM rows JOIN topics ON topics.id = rows.topic_id
  LEFT JOIN outcomes ON outcomes.code = rows.outcome;
`;

/**
 * Version 1. One file is one segment of one stream.
 *
 * - `segment`: one row of facts about the file. `next_id` is a floor for the ids of rows to come, raised
 *   whenever rows are deleted: ids are never used twice, also when retention empties the table.
 *   `generation` rises when rows vanish that a reader may still count; readers then start again.
 * - `topics`: a number for each topic, so that a row need not repeat it. No index on `rows.topic_id`
 *   while the file is live: it costs ten times the write.
 * - `outcomes`: what the numbers in `rows.outcome` mean.
 * - `rows`: every message. `value` and `observed_us` are set where decoding yielded a reading, `observed_us`
 *   alone where it yielded the state of a device.
 * - `ledger`: per publisher, epoch and topic, which sequence numbers have been stored: all up to
 *   `through`, and the `ranges` beyond it as JSON `[[from, to], …]`.
 * - `ledger_totals`: the counts of what the ledger has forgotten, by publisher; `*` stands for publishers
 *   that get no separate totals, the empty name for messages without a sequence.
 * - `sealed`: gets its row in the last transaction of a segment that has a successor.
 *
 * `open_packets` stands beside them where a message of QoS 2 ever came (`qos2-redelivery.ts`).
 *
 * All times are microseconds since the epoch, UTC.
 */
const VERSION_1 = `
CREATE TABLE segment (
  singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
  stream TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  next_id INTEGER NOT NULL
) STRICT;

CREATE TABLE topics (
  id INTEGER PRIMARY KEY,
  topic TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE outcomes (
  code INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;

CREATE TABLE rows (
  id INTEGER PRIMARY KEY,
  received_us INTEGER NOT NULL,
  topic_id INTEGER NOT NULL,
  payload BLOB NOT NULL,
  qos INTEGER NOT NULL,
  retained INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  value REAL,
  observed_us INTEGER
) STRICT;

CREATE TABLE ledger (
  publisher TEXT NOT NULL,
  epoch TEXT NOT NULL,
  topic_id INTEGER NOT NULL,
  through INTEGER NOT NULL,
  ranges TEXT NOT NULL,
  received INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  filtered INTEGER NOT NULL,
  abandoned INTEGER NOT NULL,
  first_received_us INTEGER NOT NULL,
  last_received_us INTEGER NOT NULL,
  PRIMARY KEY (publisher, epoch, topic_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_totals (
  publisher TEXT PRIMARY KEY,
  epochs INTEGER NOT NULL,
  received INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  filtered INTEGER NOT NULL,
  abandoned INTEGER NOT NULL,
  missing INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sealed (
  singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
  sealed_us INTEGER NOT NULL,
  successor TEXT NOT NULL
) STRICT;

-- What users of the exercise's database know: one line per valid reading, epoch seconds.
CREATE VIEW messages (number, epochtime) AS
  SELECT CASE WHEN value = CAST(value AS INTEGER) THEN CAST(value AS INTEGER) ELSE value END,
         observed_us / 1000000
  FROM rows WHERE value IS NOT NULL;

${VIEWS_OF_TOPICS}`;

/**
 * Version 2. `topics.listed` is 1 for a topic that is found again by its text. Of new topics that are too many
 * at once, each message writes its own line with 0: that costs a line at the end of the table instead of
 * a place in the index of all. So a topic may stand there more than once, but listed only once.
 */
const VERSION_2 = `
DROP VIEW data;
DROP VIEW explained;
CREATE TABLE listed_topics (
  id INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  listed INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO listed_topics (id, topic) SELECT id, topic FROM topics;
DROP TABLE topics;
ALTER TABLE listed_topics RENAME TO topics;
CREATE UNIQUE INDEX topics_listed ON topics (topic) WHERE listed = 1;
${VIEWS_OF_TOPICS}
`;

/** Statements that lead from version `index` to `index + 1`. A released one is never changed. */
const migrations: readonly string[] = [VERSION_1, VERSION_2];

/** What a new file records about itself. */
export interface SegmentFacts {
  stream: string;
  createdUs: number;
}

/**
 * Brings an open database to `SCHEMA_VERSION`, in one transaction.
 *
 * @param facts what to write into a file that is new.
 */
export function migrate(database: Database, facts: SegmentFacts): void {
  const found = schemaVersion(database);
  // Nothing is written into a file that is up to date: that would cost each start a commit.
  if (found === SCHEMA_VERSION && knowsAllOutcomes(database)) return;
  const apply = database.transaction(() => {
    for (const statements of migrations.slice(found)) database.exec(statements);
    if (found === 0) {
      database
        .prepare("INSERT INTO segment VALUES (1, ?, ?, 0, 1)")
        .run(facts.stream, facts.createdUs);
    }
    const insert = database.prepare("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?)");
    for (const { code, kind, reason } of OUTCOMES) insert.run(code, kind, reason);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
    // Migrations leave free pages in a new file, which retention would otherwise give back.
    if (found === 0) database.pragma("incremental_vacuum");
  });
  apply.immediate();
}

function knowsAllOutcomes(database: Database): boolean {
  const select = database.prepare("SELECT kind, reason FROM outcomes WHERE code = ?").raw();
  return OUTCOMES.every(({ code, kind, reason }) => {
    const known = select.get(code) as [string, string] | undefined;
    return known?.[0] === kind && known[1] === reason;
  });
}

/** The format version of an open file; 0 for one that is new. */
export function schemaVersion(database: Database): number {
  return database.pragma("user_version", { simple: true }) as number;
}
