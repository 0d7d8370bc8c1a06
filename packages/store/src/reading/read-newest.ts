import { matchesFilter } from "@weir/protocol";
import type { Database } from "better-sqlite3";
import type { ArchiveFile } from "../archive/archive-file.ts";
import { ArchiveGroup } from "../archive/archive-group.ts";
import { createTopicOf } from "../archive/archive-topics.ts";
import type { RawRow } from "../segment/rows-and-topics.ts";
import { lastOfGroup, MESSAGE_COLUMNS, messagesOf, readEither } from "./newest-in-segment.ts";
import type { StoredMessage, StreamPlace } from "./query.ts";
import { type Segment, segmentsOf } from "./segments.ts";
import { hasTopicIndex } from "./select-rows.ts";

/** Of more topics, the rows are passed one by one: most of these match. */
const LOOKED_UP_MAX = 100;

/**
 * Reads the newest messages of topics, the oldest of them first. Segments that are damaged are passed over.
 *
 * @param topics topics and topic filters, of which a message has to match one. They must be valid.
 * @param limit how many at most, of all topics together: all of them are in memory.
 * @param scannedMax of a segment without an index on the topic, which is the open one, so many of the newest rows are
 *   looked through: a million take a tenth of a second. Default all.
 * @throws Fault when a segment cannot be read for a reason outside of it.
 */
export function readNewest(
  place: StreamPlace,
  {
    topics,
    limit,
    scannedMax = Number.MAX_SAFE_INTEGER,
  }: { topics: readonly string[]; limit: number; scannedMax?: number },
): StoredMessage[] {
  const isWanted = (topic: string): boolean => topics.some((one) => matchesFilter(one, topic));
  const newest: StoredMessage[] = [];
  for (const segment of segmentsOf(place).toReversed()) {
    const left = limit - newest.length;
    if (left <= 0) break;
    const found = readEither(
      segment,
      (database) => {
        const ids = idsOfTopics(database, topics, isWanted);
        return ids.length === 0
          ? []
          : newestInDatabase(database, { segment, ids, limit: left, scannedMax });
      },
      (archive) => newestInArchive(archive, { segment, isWanted, limit: left }),
    );
    newest.push(...found);
  }
  return newest.reverse();
}

const WITH_WILDCARDS = /[+#]/;

function idsOfTopics(
  database: Database,
  topics: readonly string[],
  isWanted: (topic: string) => boolean,
): number[] {
  if (!topics.some((topic) => WITH_WILDCARDS.test(topic))) {
    const named = "SELECT id FROM topics WHERE topic IN (SELECT value FROM json_each(?))";
    return database.prepare<[string], number>(named).pluck().all(JSON.stringify(topics));
  }
  const all = database.prepare<[], [number, string]>("SELECT id, topic FROM topics").raw();
  const ids: number[] = [];
  for (const [id, topic] of all.iterate()) if (isWanted(topic)) ids.push(id);
  return ids;
}

// The index would have all rows of these topics sorted first.
const IN_TABLE_ORDER = `
SELECT ${MESSAGE_COLUMNS}
WHERE +topic_id IN (SELECT value FROM json_each(?)) AND rows.id > (SELECT max(id) FROM rows) - ?
ORDER BY rows.id DESC LIMIT +?`;

const NEWEST_OF_TOPIC = "SELECT id FROM rows WHERE topic_id = +? ORDER BY id DESC LIMIT +?";

const BY_ID = `
SELECT ${MESSAGE_COLUMNS}
WHERE rows.id IN (SELECT value FROM json_each(?)) ORDER BY rows.id DESC`;

/** The newest first. */
function newestInDatabase(
  database: Database,
  {
    segment,
    ids,
    limit,
    scannedMax,
  }: { segment: Segment; ids: readonly number[]; limit: number; scannedMax: number },
): StoredMessage[] {
  if (ids.length > LOOKED_UP_MAX || !hasTopicIndex(database)) {
    const rows = database.prepare<[string, number, number], RawRow>(IN_TABLE_ORDER).raw();
    return messagesOf(rows.all(JSON.stringify(ids), scannedMax, limit), segment);
  }
  const newestOf = database.prepare<[number, number], number>(NEWEST_OF_TOPIC).pluck();
  const found = ids.flatMap((id) => newestOf.all(id, limit)).sort((one, other) => other - one);
  const rows = database.prepare<[string], RawRow>(BY_ID).raw();
  return messagesOf(rows.all(JSON.stringify(found.slice(0, limit))), segment);
}

function newestInArchive(
  archive: ArchiveFile,
  {
    segment,
    isWanted,
    limit,
  }: { segment: Segment; isWanted: (topic: string) => boolean; limit: number },
): StoredMessage[] {
  const found: StoredMessage[] = [];
  const topicOf = createTopicOf(isWanted);
  for (let group = archive.groups.length - 1; group >= 0 && found.length < limit; group -= 1) {
    const columns = new ArchiveGroup(archive, group, topicOf);
    const matches = (row: number): boolean => columns.topics[row] !== null;
    found.push(...lastOfGroup(columns, { segment, limit: limit - found.length }, matches));
  }
  return found;
}
