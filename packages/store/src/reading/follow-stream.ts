import { statSync } from "node:fs";
import { CLOCK_STEP_US_MAX, type StoredMessage, type StreamPlace, selectionOf } from "./query.ts";
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
  /** A segment could not be read. It is gone past as soon as there is another behind it. */
  | { kind: "skipped"; skipped: Skipped }
  /** The segment that was being read is not there any more, or another one is in its place. */
  | { kind: "gone" };

export interface FollowedRows {
  /** The path of the segment that they are in. */
  file: string;
  messages: StoredMessage[];
  /** The id of the newest row that was looked at. */
  throughId: number;
  /** Committed rows of this segment that were not looked at yet. */
  lagRows: number;
}

/** Follows a stream over its segments while it is written, each row once. */
export interface StreamFollower extends Disposable {
  /**
   * Reads on: one transaction of at most `READ_TRANSACTION_MS_MAX`, or a microsecond where nothing has
   * changed. Go on until it is "unchanged", "busy" or "nothing yet", and ask again in a while: then at most
   * one segment is open, the one that is written.
   *
   * @throws Fault when a file cannot be read for a reason outside of it.
   */
  step(): FollowStep;
}

export interface FollowOptions {
  place: StreamPlace;
  /** Rows received before this are left out, in microseconds since the epoch. */
  fromUs: number;
  /** A monotonic clock, in milliseconds. */
  monotonicMs: () => number;
}

const PAGE_ROWS_MAX = 1_000;

/** A segment that is silent for so long is looked at for a successor that it does not name. */
const SILENT_MS = 10_000;

/** An open segment. */
interface Opened {
  reader: SegmentReader;
  ino: number;
}

/** Begins with the first segment that may hold rows received since `fromUs`. */
export function followStream({ place, fromUs, monotonicMs }: FollowOptions): StreamFollower {
  const selection = selectionOf({ fromUs });
  let segment: Segment | null = null;
  let afterId = 0;
  let opened: Opened | null = null;
  // A page that ended at its limits is followed by another, whether or not there was a commit since.
  let hasMore = true;
  let toldOf: string | null = null;
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

  function open(from: Segment): Opened {
    const { ino } = statSync(from.file);
    hasMore = true;
    return { reader: openSegmentReader(from, selection), ino };
  }

  function readIn(current: Segment): FollowStep {
    opened ??= open(current);
    if (statSync(current.file, { throwIfNoEntry: false })?.ino !== opened.ino) {
      close();
      return { kind: "gone" };
    }
    if (!opened.reader.hasChanged() && !hasMore) return passSilent(current);
    endSilence();
    const page = opened.reader.readPage({ afterId, rowsMax: PAGE_ROWS_MAX });
    afterId = page.throughId;
    hasMore = !page.isEnd;
    if (page.isEnd && page.successor !== null && place.kind === "folder") {
      goTo(segmentNamed(place, page.successor));
    }
    return { kind: "rows", rows: rowsOf(current, page) };
  }

  /**
   * Goes past a segment that is silent and has another behind it: a damaged one gets no seal. It must have
   * been there at the look before, too, because a rotation that fails is undone.
   */
  function passSilent(current: Segment): FollowStep {
    const nowMs = monotonicMs();
    silentSinceMs ??= nowMs;
    if (nowMs - silentSinceMs < SILENT_MS) return { kind: "unchanged" };
    silentSinceMs = nowMs;
    const next = segmentAfter(place, current.name);
    if (next !== null && next.name === nextSeen) goTo(next);
    else nextSeen = next?.name ?? null;
    return { kind: "unchanged" };
  }

  function passUnreadable(error: unknown, current: Segment): FollowStep {
    close();
    if (isBusy(error)) return { kind: "busy" };
    const skipped = skippedBecause(error, current);
    const next = segmentAfter(place, current.name);
    const isNews = toldOf !== current.name;
    toldOf = current.name;
    if (next !== null) goTo(next);
    else if (!isNews) return { kind: "unchanged" };
    return { kind: "skipped", skipped };
  }

  return {
    step: () => {
      segment ??= firstSegment(place, fromUs - CLOCK_STEP_US_MAX);
      if (segment === null) return { kind: "nothing yet" };
      try {
        return readIn(segment);
      } catch (error) {
        return passUnreadable(error, segment);
      }
    },
    [Symbol.dispose]: close,
  };
}

function rowsOf(
  { file }: Segment,
  { messages, throughId, isEnd, givenId }: SegmentPage,
): FollowedRows {
  return { file, messages, throughId, lagRows: isEnd ? 0 : givenId - throughId };
}
