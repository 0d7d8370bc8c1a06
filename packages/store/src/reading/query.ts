import { filterProblem } from "@weir/protocol";
import { EXIT_CODES, Fault } from "@weir/runtime";

/** Where a stream's rows are: one file, or a folder of segments. */
export type StreamPlace = { kind: "file"; file: string } | { kind: "folder"; folder: string };

/** The longest read transaction: while one lasts, the writer's log cannot start over. */
export const READ_TRANSACTION_MS_MAX = 100;

/** Which rows of a stream to read. Times of reception in microseconds since the epoch. */
export interface RangeQuery {
  /** The earliest time; it belongs to the range. Default the beginning. */
  fromUs?: number;
  /** The end; it does not belong to the range. Default what has been stored by the time it is reached. */
  toUs?: number;
  /** Topic filters of which a row has to match one. None means every topic. */
  filters?: readonly string[];
  limit?: number;
  after?: Cursor;
  /** Begins behind this row instead; where its segment is gone, with the next one. */
  behind?: RowPosition;
  /** Ends with this row; where its segment is gone, before the next one. Default the end of the stream. */
  through?: RowPosition;
  /**
   * Looks at each row of each segment instead of relying on the clock: finds also what was received while
   * the clock was wrong, but reads everything.
   */
  isThorough?: boolean;
  /** The longest transaction: nothing else of the process goes on meanwhile. Default `READ_TRANSACTION_MS_MAX`. */
  transactionMsMax?: number;
}

/** The part of a query that each row has to match. */
export interface Selection {
  fromUs: number;
  toUs: number;
  filters: readonly string[];
  isThorough: boolean;
  transactionMsMax: number;
}

const FILTERS_MAX = 100;

/** Fills in the defaults. @throws Fault naming what is not valid. */
export function selectionOf(query: RangeQuery): Selection {
  const selection = {
    fromUs: query.fromUs ?? Number.MIN_SAFE_INTEGER,
    toUs: query.toUs ?? Number.MAX_SAFE_INTEGER,
    filters: query.filters ?? [],
    isThorough: query.isThorough ?? false,
    transactionMsMax: query.transactionMsMax ?? READ_TRANSACTION_MS_MAX,
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
      `Correct it: ${problem}.`,
    );
  }
}

function queryFault(message: string, remedy: string): Fault {
  return new Fault(message, { remedy, exitCode: EXIT_CODES.configuration });
}

/** A row of a stream: the name of its segment, without folders, and its id. */
export interface RowPosition {
  segment: string;
  id: number;
}

/** A place in a stream, as text that can be kept: `segment:id`, behind the row with this id. */
export type Cursor = string;

/** The longest file name of the usual file systems, and the largest id. */
const CURSOR_LENGTH_MAX = 255 + 1 + 16;
const CURSOR = /^(?<segment>[^/\0]+):(?<id>\d{1,16})$/s;

/** @param segment the segment's file name, without folders. @param id 0 is before the first row. */
export function cursorAt(segment: string, id: number): Cursor {
  return `${segment}:${id}`;
}

/** @throws Fault when the text is not a cursor. */
export function parseCursor(text: string): { segment: string; id: number } {
  const parts = text.length > CURSOR_LENGTH_MAX ? null : CURSOR.exec(text);
  const id = Number(parts?.groups?.id);
  if (parts?.groups?.segment === undefined || !Number.isSafeInteger(id)) throw cursorFault(text);
  return { segment: parts.groups.segment, id };
}

/** The row that a cursor is behind. The cursor must be valid, as each message has it. */
export function positionOf(cursor: Cursor): RowPosition {
  return { segment: cursor.slice(0, cursor.lastIndexOf(":")), id: rowIdOf(cursor) };
}

/** The id of the row that a cursor is behind. The cursor must be valid, as each message has it. */
export function rowIdOf(cursor: Cursor): number {
  return Number(cursor.slice(cursor.lastIndexOf(":") + 1));
}

/** The error for a cursor that does not belong to what is read. */
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
  /** The broker had kept it before the subscription. */
  retained: boolean;
  /** A code of `OUTCOMES`, or of those of a newer Weir. */
  outcome: number;
  /** The reading's value and time, `null` where decoding yielded none. */
  value: number | null;
  observedUs: number | null;
}
