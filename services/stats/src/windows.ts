import { WINDOWS } from "@weir/messages";
import type { RingOptions } from "@weir/rolling";

/** The buckets that the windows of statistics are made of. */
export const RING: RingOptions = {
  spansSeconds: WINDOWS.map(({ spanSeconds }) => spanSeconds),
  slackSeconds: 120,
  aheadSeconds: 3_600,
};

/** The newest second whose readings no window needs that ends with `atSecond` or a little earlier. */
export function forgottenSecond(atSecond: number): number {
  return atSecond - Math.max(...RING.spansSeconds) - RING.slackSeconds;
}
