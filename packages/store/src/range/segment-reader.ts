import type { Database } from "better-sqlite3";
import type { StoredMessage } from "./message.ts";
import { openForReading } from "./open-segment.ts";
import type { Selection } from "./query.ts";
import { prepareSegmentState, type SegmentState } from "./segment-state.ts";
import type { Segment } from "./segments.ts";
import { prepareSelectRows } from "./select-rows.ts";
import { createSpan } from "./span.ts";
import { takeRows } from "./take-rows.ts";
import { type IdRange, prepareTimeBounds } from "./time-bounds.ts";
import { createWantedTopics } from "./wanted-topics.ts";

/** What one transaction read. */
export interface SegmentPage {
  messages: StoredMessage[];
  /** Everything up to this id has been looked at. */
  throughId: number;
  /** When the last row that was looked at was received; `null` when there was none. */
  reachedUs: number | null;
  /** There was nothing behind `throughId`. */
  isEnd: boolean;
  /** The file name of the next segment, once nothing comes into this one any more. */
  successor: string | null;
  /** The first id that is there; the next one to come while there is none. */
  firstId: number;
  /** The last id that was ever given out. */
  givenId: number;
}

interface PageLimits {
  afterId: number;
  rowsMax: number;
}

/** Reads one segment, for as long as it is open. */
export interface SegmentReader extends Disposable {
  /** Whether a commit of another connection came since the last call. Takes about a microsecond. */
  hasChanged(): boolean;
  /** Reads on in one transaction of at most `READ_TRANSACTION_MS_MAX`. */
  readPage(limits: PageLimits): SegmentPage;
}

/** The longest read transaction: as long as one lasts, the writer's log cannot begin anew. */
export const READ_TRANSACTION_MS_MAX = 100;

/** What a page holds at most, in bytes of payload, but for the row that reaches it. */
const PAGE_BYTES_MAX = 4 * 1024 * 1024;

/** @throws what SQLite says; an open file is closed then. */
export function openSegmentReader(segment: Segment, selection: Selection): SegmentReader {
  const database = openForReading(segment.file);
  try {
    const readPage = database.transaction(prepareReadPage(database, segment.name, selection));
    return {
      readPage,
      hasChanged: watchVersion(database),
      [Symbol.dispose]: () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepareReadPage(
  database: Database,
  segment: string,
  selection: Selection,
): SegmentReader["readPage"] {
  const { filters } = selection;
  const wanted = filters.length === 0 ? null : createWantedTopics(database, filters);
  const selectRows = prepareSelectRows(database, selection, wanted);
  const timeBounds = prepareTimeBounds(database, selection);
  const stateOf = prepareSegmentState(database);
  const timeAt = prepareTimeAt(database);
  const span = createSpan(READ_TRANSACTION_MS_MAX);

  /** Where there may be rows of the selection, as far as the segment reaches now. */
  function rangeOf({ extent, givenId }: SegmentState): IdRange {
    const isHopeless = extent === null || wanted?.count() === 0;
    return isHopeless ? { first: givenId + 1, last: givenId } : timeBounds(extent);
  }

  /** Rows behind `afterId`, and how far they reach. */
  function readStretch(range: IdRange, { afterId, rowsMax }: PageLimits, startMs: number) {
    const begin = Math.max(afterId, range.first - 1);
    const until = Math.min(range.last, begin + span.ids());
    if (until <= begin) return { messages: [], throughId: Math.max(afterId, range.last) };
    const limits = { rowsMax, bytesMax: PAGE_BYTES_MAX };
    const deadlineMs = startMs + READ_TRANSACTION_MS_MAX / 2;
    const { messages, cutAtId } = takeRows(selectRows(begin, until), segment, {
      ...limits,
      deadlineMs,
    });
    span.note({ elapsedMs: performance.now() - startMs, isCut: cutAtId !== null });
    return { messages, throughId: cutAtId ?? until };
  }

  return (limits) => {
    const startMs = performance.now();
    const state = stateOf();
    const knowsTopics = wanted?.catchUp() ?? true;
    const range = rangeOf(state);
    const stretch = knowsTopics
      ? readStretch(range, limits, startMs)
      : { messages: [], throughId: limits.afterId };
    return {
      ...stretch,
      reachedUs: timeAt(stretch.throughId),
      isEnd: knowsTopics && stretch.throughId >= range.last,
      successor: state.successor,
      firstId: state.extent?.firstId ?? state.givenId + 1,
      givenId: state.givenId,
    };
  };
}

function watchVersion(database: Database): () => boolean {
  let seen: unknown = null;
  return () => {
    const version = database.pragma("data_version", { simple: true });
    const changed = version !== seen;
    seen = version;
    return changed;
  };
}

function prepareTimeAt(database: Database): (id: number) => number | null {
  const select = database
    .prepare<[number], number>(
      "SELECT received_us FROM rows WHERE id <= ? ORDER BY id DESC LIMIT 1",
    )
    .pluck();
  return (id) => select.get(id) ?? null;
}
