/** What a folder of segments may hold. `null` is no limit. */
export interface FolderLimits {
  nowUs: number;
  /** Segments that ended before this are too old, in microseconds since the epoch. */
  ageCutoffUs: number | null;
  /** All segments together, the live one included. */
  bytesMax: number | null;
  /** So much of the disk is left to others. */
  freeDiskBytesMin: number | null;
}

/** A segment that is closed. */
export interface ClosedSegment {
  name: string;
  file: string;
  /** When it was sealed, in microseconds since the epoch, by the clock of then. */
  endUs: number;
  bytes: number;
}

/** What is decided upon. */
export interface FolderFacts {
  /** The oldest closed segments, in order. */
  closed: readonly ClosedSegment[];
  /** All segments, the live one included. */
  bytes: number;
  freeDiskBytes: number;
}

/**
 * The segments that are to go, oldest first: never one before which another stays, and never the live
 * one, which is not among them.
 */
export function segmentsToRemove(facts: FolderFacts, limits: FolderLimits): ClosedSegment[] {
  const { closed } = facts;
  const endsUs = believableEnds(closed, limits.nowUs);
  let { bytes, freeDiskBytes } = facts;
  const stays = closed.findIndex((segment, index) => {
    const isOld = limits.ageCutoffUs !== null && (endsUs[index] as number) < limits.ageCutoffUs;
    const isTooMuch = limits.bytesMax !== null && bytes > limits.bytesMax;
    const isTight = limits.freeDiskBytesMin !== null && freeDiskBytes < limits.freeDiskBytesMin;
    if (!isOld && !isTooMuch && !isTight) return true;
    bytes -= segment.bytes;
    freeDiskBytes += segment.bytes;
    return false;
  });
  return closed.slice(0, stays === -1 ? closed.length : stays);
}

/**
 * A segment that was sealed while the clock was ahead would never grow old: it ended before the ones
 * after it did, and before now.
 */
function believableEnds(closed: readonly ClosedSegment[], nowUs: number): number[] {
  let boundUs = nowUs;
  return closed
    .toReversed()
    .map(({ endUs }) => {
      boundUs = Math.min(boundUs, endUs);
      return boundUs;
    })
    .toReversed();
}
