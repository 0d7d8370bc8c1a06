import { EXIT_CODES, Fault } from "@weir/fault";
import { filterProblem } from "@weir/topics";
import type { Cursor } from "./cursor.ts";

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
