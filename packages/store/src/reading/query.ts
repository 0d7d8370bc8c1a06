import { filterProblem, matchesFilter } from "@weir/protocol";
import { EXIT_CODES, Fault } from "@weir/runtime";
import type { Database } from "better-sqlite3";

/** Where a stream's rows are: one file, or a folder of segments. */
export type StreamPlace = { kind: "file"; file: string } | { kind: "folder"; folder: string };

/** Which rows of a stream to read. Times of reception in microseconds since the epoch. */
export interface RangeQuery {
  /** The earliest time; it belongs to the range. Default the beginning. */
  fromUs?: number;
  /** The end; it does not belong to the range. Default what has been stored by the time it is reached. */
  toUs?: number;
  /** Topic filters of which a row has to match one. None means every topic. */
  filters?: readonly string[];
  /** Rows at most. */
  limit?: number;
  /** Goes on behind this place. */
  after?: Cursor;
  /**
   * Looks at each row of each segment instead of trusting the clock: finds what was received while it
   * was wrong, for the price of reading everything.
   */
  isThorough?: boolean;
}

/** The part of a query that each row is held to. */
export interface Selection {
  fromUs: number;
  toUs: number;
  filters: readonly string[];
  isThorough: boolean;
}

const FILTERS_MAX = 100;

/** @throws Fault naming what no reading can be made of. */
export function selectionOf(query: RangeQuery): Selection {
  const selection = {
    fromUs: query.fromUs ?? Number.MIN_SAFE_INTEGER,
    toUs: query.toUs ?? Number.MAX_SAFE_INTEGER,
    filters: query.filters ?? [],
    isThorough: query.isThorough ?? false,
  };
  checkTime("fromUs", selection.fromUs);
  checkTime("toUs", selection.toUs);
  checkFilters(selection.filters);
  const { limit } = query;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0)) {
    throw queryFault(`limit: ${limit} is not a number of rows`, "Give a whole number from 0 on.");
  }
  return selection;
}

function checkTime(name: string, timeUs: number): void {
  if (Number.isSafeInteger(timeUs)) return;
  throw queryFault(
    `${name}: ${timeUs} is not a time`,
    "Give whole microseconds since the epoch, within what a double holds exactly.",
  );
}

function checkFilters(filters: readonly string[]): void {
  if (filters.length > FILTERS_MAX) {
    throw queryFault(
      `filters: there are ${filters.length}`,
      `Give at most ${FILTERS_MAX}; wildcards (+ and #) may stand for several.`,
    );
  }
  for (const filter of filters) {
    const problem = filterProblem(filter);
    if (problem === null) continue;
    throw queryFault(
      `filters: ${JSON.stringify(filter)} is not a topic filter`,
      `Mend it: ${problem}.`,
    );
  }
}

function queryFault(message: string, remedy: string): Fault {
  return new Fault(message, { remedy, exitCode: EXIT_CODES.configuration });
}

/** How many ids the next transaction looks at. */
interface Span {
  ids(): number;
  /** Learns from one transaction. */
  note(page: { elapsedMs: number; isCut: boolean }): void;
}

const FIRST_IDS = 4_096;
const IDS_MIN = 64;
const IDS_MAX = 2 ** 17;

/**
 * Adapts to the disk, to the rows and to the filters: nothing can be asked while SQLite looks for the
 * next row that matches, so what one statement may look at is bounded beforehand.
 */
export function createSpan(transactionMsMax: number): Span {
  let ids = FIRST_IDS;
  return {
    ids: () => ids,
    note: ({ elapsedMs, isCut }) => {
      if (elapsedMs > transactionMsMax / 4) ids = Math.max(IDS_MIN, Math.floor(ids / 4));
      else if (!isCut && elapsedMs < transactionMsMax / 10) ids = Math.min(IDS_MAX, ids * 2);
    },
  };
}

/**
 * How far the clock may have been set back within a stream before a reading that is not thorough may
 * miss rows. Setting it forward costs nothing.
 */
export const CLOCK_STEP_US_MAX = 10 * 60 * 1_000_000;

/** The ids and times of a segment's first and last row. */
export interface Extent {
  firstId: number;
  lastId: number;
  firstUs: number;
  lastUs: number;
}

/** The ids between which all rows of a time range are, both included; `first > last` is none. */
export interface IdRange {
  first: number;
  last: number;
}

/**
 * Finds by bisection where a time range lies in a segment. Rows are in the order of arrival, and so
 * nearly in that of time: a row that is `CLOCK_STEP_US_MAX` older than the range has only rows before
 * it that are older than the range, too, unless the clock was set back by more than that.
 */
export function prepareTimeBounds(
  database: Database,
  { fromUs, toUs, isThorough }: Selection,
): (extent: Extent) => IdRange {
  const rowFrom = database
    .prepare<[number], [number, number]>(
      "SELECT id, received_us FROM rows WHERE id >= ? ORDER BY id LIMIT 1",
    )
    .raw();
  const lowUs = fromUs - CLOCK_STEP_US_MAX;
  const highUs = toUs + CLOCK_STEP_US_MAX;
  // Once found they stay: rows only come behind them, and go in front of them.
  let first: number | null = null;
  let end: number | null = null;

  /** A row of at least this time whose predecessor is older. The last row has at least this time. */
  function bisect(timeUs: number, { firstId, lastId, firstUs }: Extent): number {
    if (firstUs >= timeUs) return firstId;
    let older = firstId;
    let bound = lastId;
    let found = lastId;
    while (bound - older > 1) {
      const middle = older + Math.floor((bound - older) / 2);
      const [id, receivedUs] = rowFrom.get(middle) as [number, number];
      if (receivedUs < timeUs) older = id;
      else {
        found = id;
        bound = middle;
      }
    }
    return found;
  }

  return (extent) => {
    if (isThorough) return { first: extent.firstId, last: extent.lastId };
    if (extent.lastUs < lowUs) return { first: extent.lastId + 1, last: extent.lastId };
    first ??= bisect(lowUs, extent);
    if (extent.lastUs >= highUs) end ??= bisect(highUs, extent);
    return {
      first: Math.max(first, extent.firstId),
      last: end === null ? extent.lastId : end - 1,
    };
  };
}

/** The topics of one segment that match a filter, as the table `temp.wanted` of its connection. */
export interface WantedTopics {
  /**
   * Looks at topics that are new in the file, a bounded number of them. Call it inside the transaction
   * that reads rows.
   *
   * @returns whether it has seen all.
   */
  catchUp(): boolean;
  /** How many match, as far as it has seen. */
  count(): number;
}

const TOPICS_PER_CALL = 5_000;

export function createWantedTopics(database: Database, filters: readonly string[]): WantedTopics {
  database.exec("CREATE TEMP TABLE wanted (id INTEGER PRIMARY KEY)");
  database.function("weir_is_wanted", (topic: unknown) =>
    filters.some((filter) => matchesFilter(filter, topic as string)) ? 1 : 0,
  );
  const last = database.prepare<[], number>("SELECT coalesce(max(id), 0) FROM topics").pluck();
  const insert = database.prepare<[number, number]>(
    "INSERT INTO temp.wanted SELECT id FROM topics WHERE id > ? AND id <= ? AND weir_is_wanted(topic)",
  );
  let seenId = 0;
  let wanted = 0;

  return {
    catchUp: () => {
      const lastId = last.get() as number;
      const throughId = Math.min(lastId, seenId + TOPICS_PER_CALL);
      if (throughId > seenId) wanted += insert.run(seenId, throughId).changes;
      seenId = throughId;
      return seenId === lastId;
    },
    count: () => wanted,
  };
}

/** A place in a stream, as text that can be kept: `segment:id`, behind the row with this id. */
export type Cursor = string;

/** What a cursor says. */
interface Position {
  /** The segment's file name, without folders. */
  segment: string;
  /** 0 is before the first row. */
  id: number;
}

/** The longest file name of the usual file systems, and the largest id. */
const CURSOR_LENGTH_MAX = 255 + 1 + 16;
const CURSOR = /^(?<segment>[^/\0]+):(?<id>\d{1,16})$/s;

export function cursorAt({ segment, id }: Position): Cursor {
  return `${segment}:${id}`;
}

/** @throws Fault when the text is not a cursor. */
export function parseCursor(text: string): Position {
  const parts = text.length > CURSOR_LENGTH_MAX ? null : CURSOR.exec(text);
  const id = Number(parts?.groups?.id);
  if (parts?.groups?.segment === undefined || !Number.isSafeInteger(id)) throw cursorFault(text);
  return { segment: parts.groups.segment, id };
}

/** The id of the row that a cursor is behind; of a sound cursor, as it comes with each message. */
export function rowIdOf(cursor: Cursor): number {
  return Number(cursor.slice(cursor.lastIndexOf(":") + 1));
}

/** What to say of a cursor that does not belong to what is read. */
export function cursorFault(text: string, reason = "it has the form <segment>:<id>"): Fault {
  const shown = text.length > CURSOR_LENGTH_MAX ? `${text.slice(0, CURSOR_LENGTH_MAX)}…` : text;
  return new Fault(`cursor: ${JSON.stringify(shown)} is not a place in this stream: ${reason}`, {
    remedy: "Give the cursor as it was printed, with the same stream, or begin without one.",
    exitCode: EXIT_CODES.configuration,
  });
}

/** One message as it was stored. Times in microseconds since the epoch. */
export interface StoredMessage {
  /** The place behind it. */
  cursor: Cursor;
  receivedUs: number;
  topic: string;
  payload: Buffer;
  qos: number;
  /** The broker sent it because it had kept it. */
  retained: boolean;
  /** A code of `OUTCOMES`, or of those of a newer Weir. */
  outcome: number;
  /** The reading's value and time, `null` where decoding yielded none. */
  value: number | null;
  observedUs: number | null;
}
