import { WINDOW_SECONDS_MAX } from "@weir/messages";
import type { RoomLimits } from "./room.ts";

/** What retention removes in one pass. Times in microseconds since the epoch. */
export interface PruneLimits extends Partial<RoomLimits> {
  /** Rows received before this are too old. */
  cutoffUs: number;
  /** Rows received after this were written while the clock was wrong. */
  futureUs: number;
  /** Readers may still count rows received since then: they are told when one goes. Default `cutoffUs`. */
  countedFromUs?: number;
  /** At most so many rows are removed. */
  rowsMax: number;
  /** Asked every few milliseconds whether the pass is to end, for a commit that waits. Default: never. */
  isOver?: () => boolean;
}

export interface Pruned {
  rows: number;
  /** The pass ended at a limit: there may be more to remove. */
  more: boolean;
}

/**
 * The limits of a pass at a given time.
 *
 * @param options.retentionUs `null`: nothing is too old, and no clock was wrong.
 */
export function pruneLimits(
  options: {
    nowUs: number;
    retentionUs: number | null;
    skewUs: number;
    rowsMax: number;
    isOver?: () => boolean;
  } & Partial<RoomLimits>,
): PruneLimits {
  const { nowUs, retentionUs, skewUs, ...others } = options;
  return {
    ...others,
    cutoffUs: retentionUs === null ? Number.MIN_SAFE_INTEGER : nowUs - retentionUs,
    futureUs: retentionUs === null ? Number.MAX_SAFE_INTEGER : nowUs + skewUs,
    countedFromUs: nowUs - WINDOW_SECONDS_MAX * 1_000_000 - skewUs,
  };
}
