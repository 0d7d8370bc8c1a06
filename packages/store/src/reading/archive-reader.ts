import { statSync } from "node:fs";
import { basename } from "node:path";
import { matchesFilter } from "@weir/protocol";
import { ArchiveFile } from "../archive/archive-file.ts";
import { ArchiveGroup } from "../archive/archive-group.ts";
import type { GroupLayout } from "../archive/archive-layout.ts";
import { createTopicOf } from "../archive/archive-topics.ts";
import type { RowColumns } from "../archive/row-columns.ts";
import { cursorAt, type Selection, type StoredMessage } from "./query.ts";
import type { SegmentReader } from "./segment-reader.ts";

/** Limits of one page, as of one that is read from a database. */
export interface ArchivePageLimits {
  bytesMax: number;
  /** A page ends when it has taken so long and another row group would have to be read. */
  spanMs: number;
}

/** The rows of a row group that a selection matches. */
interface Matches {
  group: number;
  columns: RowColumns;
  /** Their places in the row group, in the order of their ids. */
  rows: readonly number[];
  payloads: readonly Uint8Array[];
}

/**
 * Opens an archive for reading as the segment that it was made of: the cursors are the same. A row group is read
 * only where its statistics match, and the payloads of one only where a topic in it matches.
 *
 * @param segment the name of the segment, which ends in `.db`.
 * @throws UnreadableArchive, also from reading, when the file is damaged; what `node:fs` throws when it is gone.
 */
export function openArchiveReader(
  { file, segment }: { file: string; segment: string },
  selection: Selection,
  limits: ArchivePageLimits,
): SegmentReader {
  const archive = new ArchiveFile(file);
  const { groups, facts, givenId, ino } = archive;
  const topicOf = createTopicOf(wantedTopics(selection.filters));
  const successor = basename(facts.successor);
  const firstId = groups[0]?.firstId ?? givenId + 1;
  let matches: Matches | null = null;
  let isNew = true;

  function matchesOf(group: number): Matches {
    if (matches?.group !== group) {
      const columns = new ArchiveGroup(archive, group, topicOf);
      const rows = rowsThatMatch(columns, selection);
      matches = { group, columns, rows, payloads: columns.payloadsAt(rows) };
    }
    return matches;
  }

  /** Takes rows behind `afterId` out of one row group. @returns the id of the last one where a limit ended it. */
  function take(
    group: number,
    afterId: number,
    page: { messages: StoredMessage[]; rowsMax: number; bytes: number },
  ): number | null {
    const { columns, rows, payloads } = matchesOf(group);
    if (rows.length === 0) return null;
    const { ids } = columns;
    for (let at = firstBehind(rows, ids, afterId); at < rows.length; at += 1) {
      const row = rows[at] as number;
      const payload = payloads[at] as Uint8Array;
      const message = archivedMessage(columns, { row, payload, segment });
      page.messages.push(message);
      page.bytes += message.payload.length;
      if (page.messages.length >= page.rowsMax || page.bytes >= limits.bytesMax) {
        return ids[row] as number;
      }
    }
    return null;
  }

  return {
    readPage({ afterId, rowsMax }) {
      isNew = false;
      const deadlineMs = performance.now() + limits.spanMs;
      const page = { messages: [] as StoredMessage[], rowsMax, bytes: 0 };
      let throughId = afterId;
      let reachedUs: number | null = null;
      for (let group = groupBehind(groups, afterId); ; group += 1) {
        const extent = groups[group];
        if (extent === undefined || performance.now() > deadlineMs) break;
        const cutAtId = isInTime(extent, selection) ? take(group, throughId, page) : null;
        if (cutAtId !== null) {
          throughId = cutAtId;
          reachedUs = page.messages.at(-1)?.receivedUs ?? null;
          break;
        }
        throughId = extent.lastId;
        reachedUs = extent.maxUs;
      }
      const { messages } = page;
      const isEnd = throughId >= (groups.at(-1)?.lastId ?? 0);
      return { messages, throughId, reachedUs, isEnd, successor, firstId, givenId };
    },
    // An archive does not change.
    hasChanged: () => isNew,
    isCurrent: () => statSync(file, { throwIfNoEntry: false })?.ino === ino,
    [Symbol.dispose]: () => archive[Symbol.dispose](),
  };
}

function isInTime({ minUs, maxUs }: GroupLayout, { fromUs, toUs }: Selection): boolean {
  return maxUs >= fromUs && minUs < toUs;
}

/** The place of the first row group that has ids behind this one. */
function groupBehind(groups: readonly GroupLayout[], afterId: number): number {
  const found = groups.findIndex(({ lastId }) => lastId > afterId);
  return found === -1 ? groups.length : found;
}

/** The place, among these rows, of the first one with an id behind this one. */
function firstBehind(rows: readonly number[], ids: ArrayLike<number>, afterId: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[rows[middle] as number] as number) > afterId) high = middle;
    else low = middle + 1;
  }
  return low;
}

function rowsThatMatch(columns: RowColumns, { fromUs, toUs }: Selection): number[] {
  const { topics } = columns;
  const rows: number[] = [];
  for (let row = 0; row < topics.length; row += 1) if (topics[row] !== null) rows.push(row);
  if (rows.length === 0) return rows;
  const { receivedUs } = columns;
  return rows.filter((row) => {
    const us = receivedUs[row] as number;
    return us >= fromUs && us < toUs;
  });
}

function wantedTopics(filters: readonly string[]): (topic: string) => boolean {
  if (filters.length === 0) return () => true;
  return (topic) => filters.some((filter) => matchesFilter(filter, topic));
}

/** The message in one row of a row group. @param segment the name of the segment, which ends in `.db`. */
export function archivedMessage(
  columns: RowColumns,
  { row, payload, segment }: { row: number; payload: Uint8Array; segment: string },
): StoredMessage {
  return {
    cursor: cursorAt(segment, columns.ids[row] as number),
    receivedUs: columns.receivedUs[row] as number,
    topic: columns.topics[row] as string,
    payload: Buffer.from(payload.buffer, payload.byteOffset, payload.length),
    qos: columns.qos[row] as number,
    retained: columns.retained[row] as boolean,
    outcome: columns.outcomes[row] as number,
    value: columns.values[row] ?? null,
    observedUs: columns.observedUs[row] ?? null,
  };
}
