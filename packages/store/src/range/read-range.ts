import { type Cursor, parseCursor } from "./cursor.ts";
import { type RangeQuery, type Selection, type StreamPlace, selectionOf } from "./query.ts";
import { pagesOf, type RangePage, type Reading, type Start } from "./segment-pages.ts";
import { firstSegment, type Segment, segmentNamed } from "./segments.ts";
import { CLOCK_STEP_US_MAX } from "./time-bounds.ts";

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
