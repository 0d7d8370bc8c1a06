import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import {
  type Cursor,
  cursorAt,
  cursorFault,
  parseCursor,
  type RangeQuery,
  type RowPosition,
  rowIdOf,
  type Selection,
  type StoredMessage,
  type StreamPlace,
  selectionOf,
} from "./query.ts";
import {
  type Segment,
  type Skipped,
  segmentAfter,
  segmentNamed,
  skippedBecause,
} from "./segments.ts";
import {
  openStreamPages,
  PAGE_ROWS_MAX,
  type PageRead,
  type Position,
  positionBehind,
  positionFrom,
  type StreamPages,
} from "./stream-pages.ts";

/** A part of what was read. A page without messages shows how far reading has got. */
export interface RangePage {
  messages: StoredMessage[];
  /** Behind everything that was looked at so far; reading goes on from here. */
  cursor: Cursor;
  /** When the last row that was looked at was received; `null` when there was none. */
  reachedUs: number | null;
  skipped: readonly Skipped[];
}

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
  const start = startOf(place, query, selection);
  const pages = start && openStreamPages(place, selection, start);
  return rangePages(place, pages, query);
}

function startOf(
  place: StreamPlace,
  { after, behind }: RangeQuery,
  { fromUs, isThorough }: Selection,
): Position | null {
  if (after !== undefined) {
    const { segment, id } = parseCursor(after);
    return { segment: segmentNamed(place, segment), afterId: id };
  }
  const first = positionFrom(place, isThorough ? 0 : fromUs);
  // Segments before the range are not even opened.
  if (behind === undefined || first === null || first.segment.name > behind.segment) return first;
  return positionBehind(place, behind);
}

// A caller that processes a page for long keeps no file open, so that the finalizer can finish it.
const RELEASE_AFTER_MS = 250;

/** Reads until there are no more segments or enough rows. */
async function* rangePages(
  place: StreamPlace,
  pages: StreamPages | null,
  { limit = Number.POSITIVE_INFINITY, after, through }: RangeQuery,
): AsyncGenerator<RangePage, void, void> {
  if (pages === null) return;
  using _pages = pages;
  // The segment behind one that is not sealed.
  let behind: Segment | null = null;
  for (let rowsLeft = limit; rowsLeft > 0; ) {
    const found = await readPatiently(pages, Math.min(PAGE_ROWS_MAX, rowsLeft));
    if (through !== undefined && found.segment.name > through.segment) return;
    const page = upTo(through, found, rangePageOf(found, after !== undefined));
    rowsLeft -= page.messages.length;
    const release = setTimeout(pages.release, RELEASE_AFTER_MS).unref();
    try {
      yield page;
    } finally {
      clearTimeout(release);
    }

    if (hasReached(through, found)) return;
    if (found.kind === "page") {
      if (!found.page.isEnd) continue;
      if (found.page.successor !== null) {
        if (place.kind === "file") return;
        behind = null;
        continue;
      }
      if (behind === null) {
        // Not sealed, and yet with a successor: rows may have come between the last page and the successor,
        // and none can come now. One more look finds them.
        behind = segmentAfter(place, found.segment.name);
        if (behind === null) return;
        continue;
      }
    }
    const next: Segment | null = behind ?? segmentAfter(place, found.segment.name);
    if (next === null) return;
    pages.goTo(next);
    behind = null;
  }
}

/** A page without what is behind the last row that is asked for. */
function upTo(through: RowPosition | undefined, { segment }: PageRead, page: RangePage): RangePage {
  if (segment.name !== through?.segment || rowIdOf(page.cursor) <= through.id) return page;
  const messages = page.messages.filter(({ cursor }) => rowIdOf(cursor) <= through.id);
  return { ...page, messages, cursor: cursorAt(segment.name, through.id) };
}

function hasReached(through: RowPosition | undefined, found: PageRead): boolean {
  if (found.segment.name !== through?.segment) return false;
  return found.kind !== "page" || found.page.isEnd || found.page.throughId >= through.id;
}

/** How long to wait for a segment that another process has to itself, and between two looks. */
export const BUSY_PAUSE_MS = 50;
export const BUSY_MS_MAX = 30_000;

/** Reads a page, or finds out why there is none. Waits for a segment that another process has to itself. */
async function readPatiently(
  pages: StreamPages,
  rowsMax: number,
): Promise<Exclude<PageRead, { kind: "busy" }>> {
  // Other work of this process gets its turn between two transactions.
  await turn();
  for (let waitedMs = 0; ; waitedMs += BUSY_PAUSE_MS) {
    const found = pages.read(rowsMax);
    if (found.kind !== "busy") return found;
    if (waitedMs >= BUSY_MS_MAX) {
      const skipped = skippedBecause(found.error, found.segment);
      return { ...found, kind: "skipped", skipped };
    }
    await pause(BUSY_PAUSE_MS);
  }
}

/** @param isChecked whether it is a fault that the stream ends before the place from which it is read. */
function rangePageOf(found: Exclude<PageRead, { kind: "busy" }>, isChecked: boolean): RangePage {
  const { segment, afterId } = found;
  if (found.kind === "skipped") {
    const cursor = cursorAt(segment.name, afterId);
    return { messages: [], cursor, reachedUs: null, skipped: [found.skipped] };
  }
  const { messages, throughId, reachedUs, firstId, givenId } = found.page;
  if (isChecked && afterId > givenId) {
    const reason = `the last row of ${segment.name} is ${givenId}`;
    throw cursorFault(cursorAt(segment.name, afterId), reason);
  }
  const skipped: Skipped[] = [];
  if (afterId > 0 && firstId > afterId + 1) {
    // Retention was faster, between two pages or since the cursor was made.
    const reason = `rows ${afterId + 1} to ${firstId - 1} of ${segment.file} were removed before they were read`;
    skipped.push({ segment: segment.name, kind: "removed", reason });
  }
  return { messages, cursor: cursorAt(segment.name, throughId), reachedUs, skipped };
}
