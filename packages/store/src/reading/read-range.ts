import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import {
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
  firstSegment,
  isBusy,
  type Segment,
  type Skipped,
  segmentAfter,
  segmentNamed,
  skippedBecause,
} from "./segments.ts";
import { CLOCK_STEP_US_MAX } from "./select-rows.ts";

/** A part of what was read. A page without messages shows how far reading has got. */
export interface RangePage {
  messages: StoredMessage[];
  /** Behind everything that was looked at so far; reading goes on from here. */
  cursor: Cursor;
  /** When the last row that was looked at was received; `null` when there was none. */
  reachedUs: number | null;
  /** What could not be read before this page. */
  skipped: readonly Skipped[];
}

const PAGE_ROWS_MAX = 1_000;

/**
 * Reads a stream in the order of arrival, over all its segments and the live one, while it is written:
 * in pages of at most 1,000 rows and 4 MiB of payloads (and one row more), each in one transaction of
 * at most `READ_TRANSACTION_MS_MAX`. Between them it holds nothing that the writer, the finalizer or
 * retention would have to wait for. It ends where the stream ends when it gets there; a place with
 * nothing in it yields no page.
 *
 * It finds every row whose time of reception is in the range, as long as the clock that wrote them was
 * never set back by more than ten minutes; `isThorough` needs no such condition.
 *
 * @throws Fault at once for a query or a cursor that is not valid, and while reading when a file cannot
 * be read for a reason outside of it.
 */
export function readRange(
  place: StreamPlace,
  query: RangeQuery = {},
): AsyncGenerator<RangePage, void, void> {
  const selection = selectionOf(query);
  const start = startOf(place, query.after, selection);
  return pagesFrom(start, { place, selection, rowsLeft: query.limit ?? Number.POSITIVE_INFINITY });
}

/** A place in a stream, to read on from. */
interface Start {
  segment: Segment;
  afterId: number;
}

interface Reading {
  place: StreamPlace;
  selection: Selection;
  rowsLeft: number;
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

/** Goes from segment to segment, until there are no more segments or enough rows. */
async function* pagesFrom(
  start: Start | null,
  reading: Reading,
): AsyncGenerator<RangePage, void, void> {
  for (let at = start; at !== null && reading.rowsLeft > 0; ) {
    const next: Segment | null = yield* pagesOf(at, reading);
    at = next === null ? null : { segment: next, afterId: 0 };
  }
}

/** Reads one segment to its end. @returns the one behind it, `null` when there is none (yet). */
async function* pagesOf(
  { segment, afterId }: Start,
  reading: Reading,
): AsyncGenerator<RangePage, Segment | null, void> {
  const { place, selection } = reading;
  using lease = leaseReader(() => openSegmentReader(segment, selection));
  let throughId = afterId;
  let found: Segment | null = null;
  for (;;) {
    const rowsMax = Math.min(PAGE_ROWS_MAX, reading.rowsLeft);
    const page = await read(lease, segment, { afterId: throughId, rowsMax });
    if ("kind" in page) {
      const cursor = cursorAt(segment.name, throughId);
      yield { messages: [], cursor, reachedUs: null, skipped: [page] };
      return segmentAfter(place, segment.name);
    }
    const skipped = lostBefore(page, segment, throughId);
    throughId = page.throughId;
    const { messages, reachedUs } = page;
    reading.rowsLeft -= messages.length;
    yield { messages, cursor: cursorAt(segment.name, throughId), reachedUs, skipped };
    if (reading.rowsLeft === 0) return null;
    if (!page.isEnd) continue;

    if (page.successor !== null) {
      // A single segment may be read as if it were the whole stream. Opening a successor that does not
      // exist reports that.
      return place.kind === "file" ? null : segmentNamed(place, page.successor);
    }
    // Not sealed, and yet with a successor: rows may have come between the last page and the successor,
    // and none can come now. One more look finds them.
    if (found !== null) return found;
    found = segmentAfter(place, segment.name);
    if (found === null) return null;
  }
}

// A caller that processes a page for long keeps no file open, so that the finalizer can finish it.
const RELEASE_AFTER_MS = 250;

type Lease = ReturnType<typeof leaseReader>;

/** Opens a reader when it is needed, and closes it when it was not needed for a while. */
function leaseReader(open: () => SegmentReader) {
  let opened: SegmentReader | null = null;
  let timer: NodeJS.Timeout | null = null;

  function close(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const closing = opened;
    opened = null;
    closing?.[Symbol.dispose]();
  }

  return {
    use<R>(task: (reader: SegmentReader) => R): R {
      opened ??= open();
      // Refreshed rather than made again: it is used thousands of times a second.
      if (timer === null) timer = setTimeout(close, RELEASE_AFTER_MS).unref();
      else timer.refresh();
      return task(opened);
    },
    [Symbol.dispose]: close,
  };
}

const BUSY_PAUSE_MS = 50;
const BUSY_MS_MAX = 30_000;

/** One page, or why there is none. */
async function read(
  lease: Lease,
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
      cursorAt(segment.name, afterId),
      `the last row of ${segment.name} is ${page.givenId}`,
    );
  }
  if (afterId === 0 || page.firstId <= afterId + 1) return [];
  const reason = `rows ${afterId + 1} to ${page.firstId - 1} of ${segment.file} were removed before they were read`;
  return [{ segment: segment.name, kind: "removed", reason }];
}
