import { basename } from "node:path";
import { isArchived, segmentExists } from "../archive/archive-name.ts";
import type { RowPosition, Selection, StreamPlace } from "./query.ts";
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

export const PAGE_ROWS_MAX = 1_000;

/** A place in a stream: behind the row with this id. */
export interface Position {
  segment: Segment;
  /** 0 is before the first row. */
  afterId: number;
}

/** The beginning of the first segment with rows received since `fromUs`; `null` when there is none (yet). */
export function positionFrom(place: StreamPlace, fromUs: number): Position | null {
  const segment = firstSegment(place, fromUs);
  return segment && { segment, afterId: 0 };
}

/**
 * The place behind a row, or where its segment is gone, before the next one; `null` when there is none (yet). A stream
 * in one file that was renamed is another one.
 */
export function positionBehind(place: StreamPlace, { segment, id }: RowPosition): Position | null {
  if (place.kind === "file" && segment !== basename(place.file)) return positionFrom(place, 0);
  const named = segmentNamed(place, segment);
  if (segmentExists(named.file)) return { segment: named, afterId: id };
  const next = segmentAfter(place, named.name);
  return next && { segment: next, afterId: 0 };
}

/** A page, or why there is none, and from which position it was read. */
export type PageRead = Position &
  (
    | { kind: "page"; page: SegmentPage }
    /** Another process has the segment to itself for a moment. */
    | { kind: "busy"; error: unknown }
    /** The segment could not be read. The next call tries it again, unless `goTo` leaves it. */
    | { kind: "skipped"; skipped: Skipped }
  );

export type StreamPages = ReturnType<typeof openStreamPages>;

/**
 * Reads a stream page by page, and goes on behind the end of each sealed segment. At most one segment is
 * open: the one that was read last.
 *
 * @throws Fault, from the methods that read, when a file cannot be read for a reason outside of it.
 */
export function openStreamPages(place: StreamPlace, selection: Selection, start: Position) {
  let { segment, afterId } = start;
  let reader: SegmentReader | null = null;
  // The page before ended at its limits: another follows, whether or not there was a commit since.
  let hasMore = false;
  // The next segment, once this one was read to its end.
  let successor: string | null = null;

  function release(): void {
    reader?.[Symbol.dispose]();
    reader = null;
  }

  function goTo(next: Segment): void {
    release();
    segment = next;
    afterId = 0;
    successor = null;
  }

  function openReader(): SegmentReader {
    if (successor !== null) goTo(segmentNamed(place, successor));
    reader ??= openSegmentReader(segment, selection);
    return reader;
  }

  function readPage(from: SegmentReader, rowsMax: number): PageRead {
    const position = { segment, afterId };
    const page = from.readPage({ afterId, rowsMax });
    afterId = page.throughId;
    hasMore = !page.isEnd;
    // A single segment may be read as if it were the whole stream.
    if (page.isEnd && place.kind === "folder") successor = page.successor;
    return { kind: "page", ...position, page };
  }

  function attempt<R>(read: () => R): R | PageRead {
    try {
      return read();
    } catch (error) {
      release();
      if (isBusy(error)) return { kind: "busy", segment, afterId, error };
      return { kind: "skipped", segment, afterId, skipped: skippedBecause(error, segment) };
    }
  }

  return {
    /** Reads on, in one transaction. */
    read: (rowsMax: number): PageRead => attempt(() => readPage(openReader(), rowsMax)),
    /**
     * Reads on if there may be more than the last page had. Looking takes a few microseconds.
     *
     * @returns `gone` when the segment no longer exists, or another file has taken its place.
     */
    readNews: (rowsMax: number): PageRead | { kind: "unchanged" } | { kind: "gone" } =>
      attempt(() => {
        let current = openReader();
        if (!current.isCurrent()) {
          release();
          // What it goes on in has the same rows under the same ids.
          if (!isArchived(segment.file)) return { kind: "gone" };
          current = openReader();
        }
        if (!hasMore && !current.hasChanged()) return { kind: "unchanged" };
        return readPage(current, rowsMax);
      }),
    goTo,
    /** The segment of the last page. */
    segment: (): Segment => segment,
    /** Closes the file that is open, until it is needed again. */
    release,
    [Symbol.dispose]: release,
  };
}
