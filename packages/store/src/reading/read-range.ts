import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import {
  CLOCK_STEP_US_MAX,
  type Cursor,
  cursorAt,
  cursorFault,
  parseCursor,
  type RangeQuery,
  type Selection,
  type StoredMessage,
  type StreamPlace,
  selectionOf,
} from "./query.ts";
import { openSegmentReader, type SegmentPage, type SegmentReader } from "./segment-reader.ts";
import {
  createLease,
  firstSegment,
  isBusy,
  type Lease,
  type Segment,
  type Skipped,
  segmentAfter,
  segmentNamed,
  skippedBecause,
} from "./segments.ts";

/** Rows of one page at most. */
const PAGE_ROWS_MAX = 1_000;

/**
 * Reads a stream in the order of arrival, over all its segments and the live one, while it is written:
 * in pages of at most 1,000 rows and 4 MiB of payloads (and one row more), each in one transaction of
 * at most `READ_TRANSACTION_MS_MAX`. Between them nothing is held that the writer, the finishing of
 * segments or retention would have to wait for. It ends where the stream ends when it gets there; a
 * place with nothing in it yields no page.
 *
 * Every row whose time of reception is in the range is found, as long as the clock that wrote them was
 * never set back by more than ten minutes; `isThorough` needs no such condition.
 *
 * @throws Fault at once for a query or a cursor that is not sound, and while reading when a file
 * cannot be read for a reason outside of it.
 */
export function readRange(
  place: StreamPlace,
  query: RangeQuery = {},
): AsyncGenerator<RangePage, void, void> {
  const selection = selectionOf(query);
  const start = startOf(place, query.after, selection);
  return limited(start, query.limit ?? Number.POSITIVE_INFINITY, { place, selection });
}

function startOf(
  place: StreamPlace,
  after: Cursor | undefined,
  { fromUs, isThorough }: Selection,
): Start | null {
  if (after !== undefined) {
    const { segment, id } = parseCursor(after);
    return { segment: segmentNamed(place, segment), afterId: id };
  }
  const segment = firstSegment(place, isThorough ? 0 : fromUs - CLOCK_STEP_US_MAX);
  return segment === null ? null : { segment, afterId: 0 };
}

/** Ends a reading after so many rows; the last page has no more than are missing. */
async function* limited(
  start: Start | null,
  limit: number,
  reading: Omit<Reading, "rowsMax">,
): AsyncGenerator<RangePage, void, void> {
  let left = limit;
  if (left === 0) return;
  const rowsMax = () => Math.min(PAGE_ROWS_MAX, left);
  for await (const page of pagesFrom(start, { ...reading, rowsMax })) {
    left -= page.messages.length;
    yield page;
    if (left === 0) return;
  }
}

/** Goes from segment to segment, until there is none any more. */
async function* pagesFrom(
  start: Start | null,
  reading: Reading,
): AsyncGenerator<RangePage, void, void> {
  for (let at = start; at !== null; ) {
    const next: Segment | null = yield* pagesOf(at, reading);
    at = next === null ? null : { segment: next, afterId: 0 };
  }
}

/** A part of what was read. It may hold no message: it tells then how far reading has got. */
export interface RangePage {
  messages: StoredMessage[];
  /** Behind everything that was looked at so far; reading goes on from here. */
  cursor: Cursor;
  /** When the last row that was looked at was received; `null` when there was none. */
  reachedUs: number | null;
  /** What could not be read before this page. */
  skipped: readonly Skipped[];
}

/** A place in a stream, to read on from. */
interface Start {
  segment: Segment;
  afterId: number;
}

interface Reading {
  place: StreamPlace;
  selection: Selection;
  /** How many rows the next page may have. */
  rowsMax: () => number;
}

// A caller that takes its time with a page keeps no file open, so that it can be finished.
const RELEASE_AFTER_MS = 250;
const BUSY_PAUSE_MS = 50;
const BUSY_MS_MAX = 30_000;

/** Reads one segment to its end; returns the one behind it, `null` when there is none (yet). */
async function* pagesOf(
  { segment, afterId }: Start,
  { place, selection, rowsMax }: Reading,
): AsyncGenerator<RangePage, Segment | null, void> {
  using lease = createLease(() => openSegmentReader(segment, selection), RELEASE_AFTER_MS);
  let throughId = afterId;
  let found: Segment | null = null;
  for (;;) {
    const page = await read(lease, segment, { afterId: throughId, rowsMax: rowsMax() });
    if ("kind" in page) {
      yield {
        messages: [],
        cursor: cursorOf(segment, throughId),
        reachedUs: null,
        skipped: [page],
      };
      return segmentAfter(place, segment.name);
    }
    const skipped = lostBefore(page, segment, throughId);
    throughId = page.throughId;
    const { messages, reachedUs } = page;
    yield { messages, cursor: cursorOf(segment, throughId), reachedUs, skipped };
    if (!page.isEnd) continue;

    if (page.successor !== null) return namedSuccessor(place, page.successor);
    // Not sealed, and yet with a successor: rows may have come between the last page and the successor,
    // and none can come now. One more look finds them.
    if (found !== null) return found;
    found = segmentAfter(place, segment.name);
    if (found === null) return null;
  }
}

/** Also one that is not there: whoever opens it says so. */
function namedSuccessor(place: StreamPlace, name: string): Segment | null {
  // A single segment may be read as if it were the whole stream.
  return place.kind === "file" ? null : segmentNamed(place, name);
}

/** One page, or why there is none. */
async function read(
  lease: Lease<SegmentReader>,
  segment: Segment,
  limits: { afterId: number; rowsMax: number },
): Promise<SegmentPage | Skipped> {
  // Other work of this process gets its turn between two transactions.
  await turn();
  for (let waitedMs = 0; ; waitedMs += BUSY_PAUSE_MS) {
    try {
      return lease.use((reader) => reader.readPage(limits));
    } catch (error) {
      if (!isBusy(error) || waitedMs >= BUSY_MS_MAX) return skippedBecause(error, segment);
    }
    await pause(BUSY_PAUSE_MS);
  }
}

/** Rows that retention has removed between two pages, or since the cursor was made. */
function lostBefore(page: SegmentPage, segment: Segment, afterId: number): Skipped[] {
  if (afterId > page.givenId) {
    throw cursorFault(
      cursorOf(segment, afterId),
      `the last row of ${segment.name} is ${page.givenId}`,
    );
  }
  if (afterId === 0 || page.firstId <= afterId + 1) return [];
  const reason = `rows ${afterId + 1} to ${page.firstId - 1} of ${segment.file} were removed before they were read`;
  return [{ segment: segment.name, kind: "removed", reason }];
}

function cursorOf({ name }: Segment, id: number): Cursor {
  return cursorAt({ segment: name, id });
}
