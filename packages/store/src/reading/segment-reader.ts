import { statSync } from "node:fs";
import { basename } from "node:path";
import type { Database } from "better-sqlite3";
import { archiveOf, isArchived } from "../archive/archive-name.ts";
import type { RawRow } from "../segment/rows-and-topics.ts";
import { openArchiveReader } from "./archive-reader.ts";
import { cursorAt, type Selection, type StoredMessage } from "./query.ts";
import { openForReading, type Segment, watchFile } from "./segments.ts";
import {
  createWantedTopics,
  type Extent,
  type IdRange,
  prepareSelectRows,
  prepareTimeBounds,
} from "./select-rows.ts";

// Of payloads; the row that reaches it still belongs to the page.
const PAGE_BYTES_MAX = 4 * 1024 * 1024;

/** What one transaction read. */
export interface SegmentPage {
  messages: StoredMessage[];
  /** Everything up to this id has been looked at. */
  throughId: number;
  /** When the last row that was looked at was received; `null` when there was none. */
  reachedUs: number | null;
  /** There was nothing behind `throughId`. */
  isEnd: boolean;
  /** The file name of the next segment, once this one is no longer written. */
  successor: string | null;
  /** The first id that is there; the next one to come while there is none. */
  firstId: number;
  /** The last id that was ever given out. */
  givenId: number;
}

/** One segment that is open for reading, whatever kind of file it is. */
export interface SegmentReader extends Disposable {
  /** Reads on in one transaction of at most `READ_TRANSACTION_MS_MAX`. */
  readPage(limits: PageLimits): SegmentPage;
  /** Whether rows may have come since the last call. Takes about a microsecond. */
  hasChanged(): boolean;
  /** False when the file no longer exists, or another one has taken its place. */
  isCurrent(): boolean;
}

/**
 * Opens one segment for reading: its database, and where that has been archived, the archive.
 *
 * @throws what SQLite throws, or UnreadableArchive; the file is closed then.
 */
export function openSegmentReader(segment: Segment, selection: Selection): SegmentReader {
  try {
    return openDatabaseReader(segment, selection);
  } catch (error) {
    // It may be archived at any moment.
    if (!isArchived(segment.file)) throw error;
    const limits = { bytesMax: PAGE_BYTES_MAX, spanMs: selection.transactionMsMax / 2 };
    const archive = { file: archiveOf(segment.file), segment: segment.name };
    return openArchiveReader(archive, selection, limits);
  }
}

function openDatabaseReader(segment: Segment, selection: Selection): SegmentReader {
  const { file } = segment;
  const { ino } = statSync(file);
  using opening = new DisposableStack();
  const database = opening.adopt(openForReading(file), (opened) => opened.close());
  const readPage = database.transaction(prepareReadPage(database, segment.name, selection));
  const opened = opening.move();
  return {
    readPage: (limits: PageLimits): SegmentPage => readPage(limits),
    ...watchFile(database, { file, ino }),
    [Symbol.dispose]: (): void => opened.dispose(),
  };
}

interface PageLimits {
  afterId: number;
  rowsMax: number;
}

function prepareReadPage(
  database: Database,
  segment: string,
  selection: Selection,
): (limits: PageLimits) => SegmentPage {
  const { filters, transactionMsMax } = selection;
  const wanted = filters.length === 0 ? null : createWantedTopics(database, filters);
  const selectRows = prepareSelectRows(database, selection, wanted);
  const timeBounds = prepareTimeBounds(database, selection);
  const readState = prepareState(database);
  const timeAt = database
    .prepare<[number], number>(
      "SELECT received_us FROM rows WHERE id <= ? ORDER BY id DESC LIMIT 1",
    )
    .pluck();
  let stretchIds = FIRST_IDS;

  /** Reads rows behind `afterId`. @returns also how far they reach. */
  function readStretch(range: IdRange, { afterId, rowsMax }: PageLimits, startMs: number) {
    const begin = Math.max(afterId, range.first - 1);
    const until = Math.min(range.last, begin + stretchIds);
    if (until <= begin) return { messages: [], throughId: Math.max(afterId, range.last) };
    const deadlineMs = startMs + transactionMsMax / 2;
    const rows = selectRows(begin, until);
    const { messages, cutAtId } = takeRows(rows, segment, { rowsMax, deadlineMs });
    const elapsedMs = performance.now() - startMs;
    // A stretch that another limit has cut says nothing of what a longer one takes, unless it was slow.
    const nextIds = nextStretch(stretchIds, elapsedMs / transactionMsMax);
    if (cutAtId === null || nextIds < stretchIds) stretchIds = nextIds;
    return { messages, throughId: cutAtId ?? until };
  }

  return (limits) => {
    const startMs = performance.now();
    const { extent, givenId, successor } = readState();
    const knowsTopics = wanted?.catchUp() ?? true;
    const isHopeless = extent === null || wanted?.count() === 0;
    const range = isHopeless ? { first: givenId + 1, last: givenId } : timeBounds(extent);
    const { messages, throughId } = knowsTopics
      ? readStretch(range, limits, startMs)
      : { messages: [], throughId: limits.afterId };
    return {
      messages,
      throughId,
      reachedUs: timeAt.get(throughId) ?? null,
      isEnd: knowsTopics && throughId >= range.last,
      successor,
      firstId: extent?.firstId ?? givenId + 1,
      givenId,
    };
  };
}

const FIRST_IDS = 4_096;
const IDS_MIN = 64;
const IDS_MAX = 2 ** 17;

/**
 * How many ids the next transaction looks at: adapted to the disk, to the rows and to the filters. It is
 * decided beforehand, because nothing can interrupt SQLite while it looks for the next row that matches.
 *
 * @param share of the longest transaction that the last one took.
 */
function nextStretch(ids: number, share: number): number {
  if (share > 1 / 4) return Math.max(IDS_MIN, Math.floor(ids / 4));
  if (share < 1 / 10) return Math.min(IDS_MAX, ids * 2);
  return ids;
}

/** @returns reads how far the segment reaches now: two looks at each end of the file, however long it is. */
function prepareState(database: Database) {
  const select = database.prepare<
    [],
    { [Key in keyof Extent]: number | null } & { floorId: number; successor: string | null }
  >(`
    SELECT (SELECT min(id) FROM rows) AS firstId,
           (SELECT max(id) FROM rows) AS lastId,
           (SELECT received_us FROM rows ORDER BY id LIMIT 1) AS firstUs,
           (SELECT received_us FROM rows ORDER BY id DESC LIMIT 1) AS lastUs,
           next_id - 1 AS floorId,
           (SELECT successor FROM sealed) AS successor
    FROM segment`);
  return () => {
    // A segment is made with this row in it.
    const { floorId, successor, ...row } = select.get() as NonNullable<
      ReturnType<typeof select.get>
    >;
    return {
      // `null` while there is no row; all four are numbers when one is.
      extent: row.lastId === null ? null : (row as Extent),
      givenId: Math.max(floorId, row.lastId ?? 0),
      successor: successor === null ? null : basename(successor),
    };
  };
}

const ROWS_BETWEEN_LOOKS = 32;

/**
 * Turns rows into messages. Takes at least one where there is one, so that reading makes progress.
 *
 * @returns `cutAtId` is the id of the last one when a limit ended it, `null` when the rows did.
 */
function takeRows(
  rows: Iterable<RawRow>,
  segment: string,
  { rowsMax, deadlineMs }: { rowsMax: number; deadlineMs: number },
): { messages: StoredMessage[]; cutAtId: number | null } {
  const messages: StoredMessage[] = [];
  let bytes = 0;
  for (const row of rows) {
    messages.push(messageOf(row, segment));
    bytes += row[3].length;
    const isLate = messages.length % ROWS_BETWEEN_LOOKS === 0 && performance.now() > deadlineMs;
    if (isLate || messages.length >= rowsMax || bytes >= PAGE_BYTES_MAX) {
      return { messages, cutAtId: row[0] };
    }
  }
  return { messages, cutAtId: null };
}

/** @param segment the name of the segment. */
export function messageOf(row: RawRow, segment: string): StoredMessage {
  const [id, receivedUs, topic, payload, qos, retained, outcome, value, observedUs] = row;
  return {
    cursor: cursorAt(segment, id),
    receivedUs,
    topic,
    payload,
    qos,
    retained: retained === 1,
    outcome,
    value,
    observedUs,
  };
}
