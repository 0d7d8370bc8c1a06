import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { type Cursor, cursorAt, cursorFault } from "./cursor.ts";
import { isBusy, type Skipped, skippedBecause } from "./faults.ts";
import { createLease, type Lease } from "./lease.ts";
import type { StoredMessage } from "./message.ts";
import type { Selection, StreamPlace } from "./query.ts";
import { openSegmentReader, type SegmentPage, type SegmentReader } from "./segment-reader.ts";
import { type Segment, segmentAfter, segmentNamed } from "./segments.ts";

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
export interface Start {
  segment: Segment;
  afterId: number;
}

export interface Reading {
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
export async function* pagesOf(
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
