/** When each message of a recording is due. */
export interface Pace {
  /** How long to wait with a message, in milliseconds; call it once for each, in their order. */
  waitMs(receivedUs: number, nowMs: number): number;
}

export interface PaceOptions {
  /** How many times faster than it was recorded; `null` is as fast as it goes. */
  speed: number | null;
  /** The longest pause, in milliseconds of the replay. */
  gapMsMax: number;
}

/** Whoever is later than this does not make up for it: it was an outage, or the broker is slower. */
const LATE_MS_MAX = 1_000;

/** The original gaps, scaled and capped. Where the clock was set back there is none. */
export function createPace({ speed, gapMsMax }: PaceOptions): Pace {
  let dueMs: number | null = null;
  let beforeUs = 0;
  return {
    waitMs: (receivedUs, nowMs) => {
      if (speed === null) return 0;
      const gapMs = Math.max(0, (receivedUs - beforeUs) / 1_000 / speed);
      beforeUs = receivedUs;
      dueMs = dueMs === null ? nowMs : dueMs + Math.min(gapMs, gapMsMax);
      if (nowMs - dueMs > LATE_MS_MAX) dueMs = nowMs;
      return Math.max(0, dueMs - nowMs);
    },
  };
}
