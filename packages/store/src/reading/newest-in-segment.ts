import type { Database } from "better-sqlite3";
import { ArchiveFile } from "../archive/archive-file.ts";
import type { ArchiveGroup } from "../archive/archive-group.ts";
import { archiveOf, isArchived } from "../archive/archive-name.ts";
import type { RawRow } from "../segment/rows-and-topics.ts";
import { archivedMessage } from "./archive-reader.ts";
import type { StoredMessage } from "./query.ts";
import { messageOf } from "./segment-reader.ts";
import { openForReading, type Segment, skippedBecause } from "./segments.ts";

/** The columns of a message, for `messagesOf`. */
export const MESSAGE_COLUMNS = `
rows.id, received_us, topics.topic, payload, qos, retained, outcome, value, observed_us
FROM rows CROSS JOIN topics ON topics.id = topic_id`;

/** Reads a segment by its database, in one transaction, or by its archive. One that is damaged has nothing. */
export function readEither(
  segment: Segment,
  fromDatabase: (database: Database) => StoredMessage[],
  fromArchive: (archive: ArchiveFile) => StoredMessage[],
): StoredMessage[] {
  try {
    using opened = new DisposableStack();
    const database = opened.adopt(openForReading(segment.file), (one) => one.close());
    return database.transaction(() => fromDatabase(database))();
  } catch (error) {
    // It may be archived at any moment.
    if (isArchived(segment.file)) return readArchive(segment, fromArchive);
    skippedBecause(error, segment);
    return [];
  }
}

function readArchive(
  segment: Segment,
  fromArchive: (archive: ArchiveFile) => StoredMessage[],
): StoredMessage[] {
  try {
    using archive = new ArchiveFile(archiveOf(segment.file));
    return fromArchive(archive);
  } catch (error) {
    skippedBecause(error, segment);
    return [];
  }
}

/** The messages of rows with `MESSAGE_COLUMNS`. */
export function messagesOf(rows: readonly RawRow[], { name }: Segment): StoredMessage[] {
  return rows.map((row) => messageOf(row, name));
}

/** The last rows of a row group that match, the last one first. */
export function lastOfGroup(
  columns: ArchiveGroup,
  { segment, limit }: { segment: Segment; limit: number },
  matches: (row: number) => boolean,
): StoredMessage[] {
  const rows: number[] = [];
  for (let row = columns.ids.length - 1; row >= 0 && rows.length < limit; row -= 1) {
    if (matches(row)) rows.push(row);
  }
  // Payloads are read in the order of the file.
  const rising = rows.reverse();
  const messages = columns.payloadsAt(rising).map((payload, at) => {
    const row = rising[at] as number;
    return archivedMessage(columns, { row, payload, segment: segment.name });
  });
  return messages.reverse();
}
