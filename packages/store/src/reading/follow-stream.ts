import { statSync } from "node:fs";
import { type StoredMessage, type StreamPlace, selectionOf } from "./query.ts";
import { openSegmentReader, type SegmentReader } from "./segment-reader.ts";
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

/** What one step found. */
export type FollowStep =
  /** No segment is there. */
  | { kind: "nothing yet" }
  /** Nothing has been stored since the last step. */
  | { kind: "unchanged" }
  /** Another process has the segment to itself for a moment. */
  | { kind: "busy" }
  /** What comes next, in the order of arrival; it may be nothing, where only the end of a segment was reached. */
  | { kind: "rows"; rows: FollowedRows }
  /** A segment could not be read. It is skipped as soon as there is another behind it. */
  | { kind: "skipped"; skipped: Skipped }
  /** The segment that was being read no longer exists, or another one is in its place. */
  | { kind: "gone" };

interface FollowedRows {
  /** The path of the segment that they are in. */
  file: string;
  messages: StoredMessage[];
  /** The id of the newest row that was looked at. */
  throughId: number;
  /** Committed rows of this segment that were not looked at yet. */
  lagRows: number;
}

const PAGE_ROWS_MAX = 1_000;

// After so long without a commit, a segment may have a successor that it does not name.
const SILENT_MS = 10_000;

export type StreamFollower = ReturnType<typeof followStream>;

/**
 * Follows a stream over its segments while it is written, each row once, from the first segment on that
 * may hold rows received since `fromUs`.
 *
 * @param options.fromUs leaves out rows received before this, in microseconds since the epoch.
 * @param options.monotonicMs a monotonic clock, in milliseconds.
 */
export function followStream({
  place,
  fromUs,
  monotonicMs,
}: {
  place: StreamPlace;
  fromUs: number;
  monotonicMs: () => number;
}) {
  const selection = selectionOf({ fromUs });
  let segment: Segment | null = null;
  let afterId = 0;
  let opened: { reader: SegmentReader; ino: number } | null = null;
  // A page that ended at its limits is followed by another, whether or not there was a commit since.
  let hasMore = true;
  // The segment that was last reported as skipped.
  let reported: string | null = null;
  let silentSinceMs: number | null = null;
  let nextSeen: string | null = null;

  function close(): void {
    opened?.reader[Symbol.dispose]();
    opened = null;
  }

  function goTo(next: Segment): void {
    close();
    segment = next;
    afterId = 0;
    hasMore = true;
    endSilence();
  }

  function endSilence(): void {
    silentSinceMs = null;
    nextSeen = null;
  }

  function readIn(current: Segment): FollowStep {
    if (opened === null) {
      const { ino } = statSync(current.file);
      hasMore = true;
      opened = { reader: openSegmentReader(current, selection), ino };
    }
    if (statSync(current.file, { throwIfNoEntry: false })?.ino !== opened.ino) {
      close();
      return { kind: "gone" };
    }
    if (!opened.reader.hasChanged() && !hasMore) return leaveSilent(current);
    endSilence();
    const page = opened.reader.readPage({ afterId, rowsMax: PAGE_ROWS_MAX });
    afterId = page.throughId;
    hasMore = !page.isEnd;
    if (page.isEnd && page.successor !== null && place.kind === "folder") {
      goTo(segmentNamed(place, page.successor));
    }
    const { messages, throughId } = page;
    const lagRows = page.isEnd ? 0 : page.givenId - throughId;
    return { kind: "rows", rows: { file: current.file, messages, throughId, lagRows } };
  }

  /**
   * Leaves a segment that is silent and has another behind it: a damaged one gets no seal. The other one
   * must have been there at the look before, too, because a rotation that fails is undone.
   */
  function leaveSilent(current: Segment): FollowStep {
    const nowMs = monotonicMs();
    silentSinceMs ??= nowMs;
    if (nowMs - silentSinceMs < SILENT_MS) return { kind: "unchanged" };
    silentSinceMs = nowMs;
    const next = segmentAfter(place, current.name);
    if (next !== null && next.name === nextSeen) goTo(next);
    else nextSeen = next?.name ?? null;
    return { kind: "unchanged" };
  }

  function skipUnreadable(error: unknown, current: Segment): FollowStep {
    close();
    if (isBusy(error)) return { kind: "busy" };
    const skipped = skippedBecause(error, current);
    const next = segmentAfter(place, current.name);
    const isNews = reported !== current.name;
    reported = current.name;
    if (next !== null) goTo(next);
    else if (!isNews) return { kind: "unchanged" };
    return { kind: "skipped", skipped };
  }

  return {
    /**
     * Reads on: one transaction of at most `READ_TRANSACTION_MS_MAX`, or a microsecond where nothing has
     * changed. Repeat it until it is "unchanged", "busy" or "nothing yet", and again in a while: then at
     * most one segment is open, the one that is written.
     *
     * @throws Fault when a file cannot be read for a reason outside of it.
     */
    step(): FollowStep {
      segment ??= firstSegment(place, fromUs - CLOCK_STEP_US_MAX);
      if (segment === null) return { kind: "nothing yet" };
      try {
        return readIn(segment);
      } catch (error) {
        return skipUnreadable(error, segment);
      }
    },
    [Symbol.dispose]: close,
  };
}
