import { type RowPosition, type StoredMessage, type StreamPlace, selectionOf } from "./query.ts";
import { type Skipped, segmentAfter } from "./segments.ts";
import { openStreamPages, positionBehind, positionFrom, type StreamPages } from "./stream-pages.ts";

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
  file: string;
  messages: StoredMessage[];
  /** The id of the newest row that was looked at. */
  throughId: number;
  /** Committed rows of this segment that were not looked at yet. */
  lagRows: number;
}

// What a page holds is in use while the next collection of memory comes: of pages of a thousand rows so much survives
// that the process grows to twice its size.
const FOLLOWED_ROWS_MAX = 250;

// After so long without a commit, a segment may have a successor that it does not name.
const SILENT_MS = 10_000;

export type StreamFollower = ReturnType<typeof followStream>;

/**
 * Follows a stream over its segments while it is written, each row once, from the first segment on that
 * may hold rows received since `fromUs`, or from a row on.
 *
 * @param options.fromUs leaves out rows received before this, in microseconds since the epoch. Default none.
 * @param options.after begins behind this row, or where its segment is gone, with the next segment.
 * @param options.monotonicMs a monotonic clock, in milliseconds.
 */
export function followStream({
  place,
  fromUs = Number.MIN_SAFE_INTEGER,
  after = null,
  monotonicMs,
}: {
  place: StreamPlace;
  fromUs?: number;
  after?: RowPosition | null;
  monotonicMs: () => number;
}) {
  const selection = selectionOf({ fromUs });
  let opened: StreamPages | null = null;
  // The segment that was last reported as skipped.
  let reported: string | null = null;
  // Since when the segment has been silent, and which segment the last look found behind it.
  let silence: { sinceMs: number; next: string | null } | null = null;

  function open(): StreamPages | null {
    const start = after === null ? positionFrom(place, fromUs) : positionBehind(place, after);
    return start && openStreamPages(place, selection, start);
  }

  /**
   * Leaves a segment that is silent and has another behind it: a damaged one gets no seal. The other one
   * must have been there at the look before, too, because a rotation that fails is undone.
   */
  function leaveSilent(pages: StreamPages): void {
    const nowMs = monotonicMs();
    silence ??= { sinceMs: nowMs, next: null };
    if (nowMs - silence.sinceMs < SILENT_MS) return;
    const next = segmentAfter(place, pages.segment().name);
    if (next !== null && next.name === silence.next) {
      pages.goTo(next);
      silence = null;
    } else {
      silence = { sinceMs: nowMs, next: next?.name ?? null };
    }
  }

  function skip(pages: StreamPages, skipped: Skipped): FollowStep {
    const next = segmentAfter(place, skipped.segment);
    const isNews = reported !== skipped.segment;
    reported = skipped.segment;
    if (next !== null) {
      pages.goTo(next);
      silence = null;
    }
    return next !== null || isNews ? { kind: "skipped", skipped } : { kind: "unchanged" };
  }

  return {
    /**
     * Reads on: one transaction of at most `READ_TRANSACTION_MS_MAX`, or a few microseconds where nothing
     * has changed. Repeat it until it is "unchanged", "busy" or "nothing yet", and again in a while: then
     * at most one segment is open, the one that is written.
     *
     * @throws Fault when a file cannot be read for a reason outside of it.
     */
    step(): FollowStep {
      opened ??= open();
      if (opened === null) return { kind: "nothing yet" };
      const found = opened.readNews(FOLLOWED_ROWS_MAX);
      switch (found.kind) {
        case "gone":
          return found;
        case "busy":
          return { kind: "busy" };
        case "skipped":
          return skip(opened, found.skipped);
        case "unchanged":
          leaveSilent(opened);
          return found;
        case "page": {
          silence = null;
          const { messages, throughId, isEnd, givenId } = found.page;
          // Another file has taken the place of the one that was followed: its ids begin again.
          if (givenId < found.afterId) return { kind: "gone" };
          const lagRows = isEnd ? 0 : givenId - throughId;
          return { kind: "rows", rows: { file: found.segment.file, messages, throughId, lagRows } };
        }
      }
    },
    [Symbol.dispose]: (): void => opened?.[Symbol.dispose](),
  };
}
