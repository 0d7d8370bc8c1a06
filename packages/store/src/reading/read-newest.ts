import type { Database } from "better-sqlite3";
import { ArchiveFile } from "../archive/archive-file.ts";
import { ArchiveGroup } from "../archive/archive-group.ts";
import { archiveOf, isArchived } from "../archive/archive-name.ts";
import { createTopicOf } from "../archive/archive-topics.ts";
import type { RawRow } from "../segment/rows-and-topics.ts";
import { archivedMessage } from "./archive-reader.ts";
import type { StoredMessage, StreamPlace } from "./query.ts";
import { messageOf } from "./segment-reader.ts";
import { openForReading, type Segment, segmentsOf, skippedBecause } from "./segments.ts";

/**
 * Reads the newest messages of one topic, the oldest of them first. Segments that are damaged are passed over.
 *
 * @param limit how many at most: all of them are in memory.
 * @throws Fault when a segment cannot be read for a reason outside of it.
 */
export function readNewest(
  place: StreamPlace,
  { topic, limit }: { topic: string; limit: number },
): StoredMessage[] {
  const newest: StoredMessage[] = [];
  for (const segment of segmentsOf(place).toReversed()) {
    if (newest.length >= limit) break;
    newest.push(...newestIn(segment, topic, limit - newest.length));
  }
  return newest.reverse();
}

/** The newest first. */
function newestIn(segment: Segment, topic: string, limit: number): StoredMessage[] {
  try {
    return newestInDatabase(segment, topic, limit);
  } catch (error) {
    // It may be archived at any moment.
    if (isArchived(segment.file)) return newestInArchive(segment, topic, limit);
    skippedBecause(error, segment);
    return [];
  }
}

const NEWEST = `
SELECT rows.id, received_us, topics.topic, payload, qos, retained, outcome, value, observed_us
FROM rows CROSS JOIN topics ON topics.id = topic_id
WHERE topic_id IN (SELECT id FROM topics WHERE topic = ?) ORDER BY rows.id DESC LIMIT ?`;

function newestInDatabase({ file, name }: Segment, topic: string, limit: number): StoredMessage[] {
  const database: Database = openForReading(file);
  try {
    const rows = database.prepare<[string, number], RawRow>(NEWEST).raw().all(topic, limit);
    return rows.map((row) => messageOf(row, name));
  } finally {
    database.close();
  }
}

function newestInArchive(segment: Segment, topic: string, limit: number): StoredMessage[] {
  const found: StoredMessage[] = [];
  try {
    using archive = new ArchiveFile(archiveOf(segment.file));
    const topicOf = createTopicOf((one) => one === topic);
    for (let group = archive.groups.length - 1; group >= 0 && found.length < limit; group -= 1) {
      const columns = new ArchiveGroup(archive, group, topicOf);
      const rows = newestRows(columns.topics, limit - found.length).reverse();
      const messages = columns.payloadsAt(rows).map((payload, at) => {
        const row = rows[at] as number;
        return archivedMessage(columns, { row, payload, segment: segment.name });
      });
      found.push(...messages.reverse());
    }
  } catch (error) {
    skippedBecause(error, segment);
  }
  return found;
}

/** The places of the last topics that are not `null`, the last one first. */
function newestRows(topics: ArrayLike<string | null>, limit: number): number[] {
  const rows: number[] = [];
  for (let row = topics.length - 1; row >= 0 && rows.length < limit; row -= 1) {
    if (topics[row] !== null) rows.push(row);
  }
  return rows;
}
