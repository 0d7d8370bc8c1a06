import type { Clock } from "@weir/clock";

/** The times at which a socket is read. */
export interface Ticks {
  /** Notes how much was read, now. */
  read(bytes: number): void;
  /** How long to wait for the next tick, in milliseconds. */
  untilNextMs(): number;
}

/**
 * What should have gathered by the next tick at most. With more, the socket's buffer fills up and the
 * broker has to wait: with Mosquitto on one machine 50 ms for each read meant 90,000 messages/s
 * instead of 125,000.
 */
const TICK_BYTES_MAX = 65_536;
/**
 * What is worth a wake-up and a commit: a tick that has gathered more may well come sooner, after half
 * of the wait that is allowed. So what is rare waits for company, and what is frequent does not.
 */
const TICK_BYTES_ENOUGH = 24_576;
const TICKS_WHEN_ENOUGH = 2;
/** From less than this nothing is concluded about what is to come. */
const TICK_BYTES_MIN = 16_384;

/** All connections have the same ticks, so that the process wakes up once for all of them; when much comes, there are more. */
export function createTicks(options: { tickMs: number; clock: Pick<Clock, "monotonic"> }): Ticks {
  const { tickMs, clock } = options;
  let sinceMs = clock.monotonic();
  let bytes = 0;

  return {
    read: (bytesRead) => {
      bytes += bytesRead;
    },
    untilNextMs: () => {
      const nowMs = clock.monotonic();
      const tickBytes =
        bytes < TICK_BYTES_MIN ? 1 : (bytes * tickMs) / Math.max(nowMs - sinceMs, 1);
      sinceMs = nowMs;
      bytes = 0;
      return untilTick(nowMs, tickMs / ticksFor(tickBytes));
    },
  };
}

/** Into how many ticks the allowed wait is divided, by what comes in it. */
function ticksFor(bytes: number): number {
  const enough = Math.min(Math.ceil(bytes / TICK_BYTES_ENOUGH), TICKS_WHEN_ENOUGH);
  return Math.max(enough, Math.ceil(bytes / TICK_BYTES_MAX));
}

/** A tick that is near is left out: a timer may be a millisecond early, and would find the same tick again. */
function untilTick(nowMs: number, stepMs: number): number {
  const waitMs = stepMs - (nowMs % stepMs);
  return waitMs < stepMs / 4 ? waitMs + stepMs : waitMs;
}
