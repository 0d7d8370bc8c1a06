import type { Clock } from "@weir/clock";
import type { Receiver } from "./receiver.ts";

/** The times at which what has gathered is handed on. */
export interface Ticks {
  /** Notes how much came, now. */
  came(bytes: number): void;
  /** How long to wait for the next tick, in milliseconds. */
  untilNextMs(): number;
}

/**
 * What should have gathered by the next tick at most. With more, the socket's buffer fills up and the
 * broker has to wait: with Mosquitto on one machine 50 ms for each read meant 90,000 messages/s
 * instead of 125,000.
 */
const TICK_BYTES_MAX = 65_536;
/** Where there are several commits to a tick, the broker waits for them anyhow: then it may be so many times as much. */
const TICKS_AT_ONCE_MAX = 2;
/**
 * What is worth a wake-up and a commit: a tick that has gathered more may well come sooner, after a
 * third of the wait that is allowed. So what is rare waits for company, and what is frequent does not.
 */
const COMMIT_BYTES_ENOUGH = 24_576;
const TICKS_WHEN_ENOUGH = 3;
/** From less than this nothing is concluded about what is to come. */
const TICK_BYTES_MIN = 16_384;

/** All connections have the same ticks, so that the process wakes up once for all of them; when much comes, there are more. */
export function createTicks(options: {
  /** The longest wait. */
  tickMs: number;
  commits: Receiver["commits"];
  clock: Pick<Clock, "monotonic">;
}): Ticks {
  const { tickMs, commits, clock } = options;
  let sinceMs = clock.monotonic();
  let bytes = 0;

  return {
    came: (bytesMore) => {
      bytes += bytesMore;
    },
    untilNextMs: () => {
      const nowMs = clock.monotonic();
      const tickBytes =
        bytes < TICK_BYTES_MIN ? 1 : (bytes * tickMs) / Math.max(nowMs - sinceMs, 1);
      sinceMs = nowMs;
      bytes = 0;
      return untilTick(nowMs, tickMs / ticksFor(tickBytes, commits()));
    },
  };
}

/** Into how many ticks the allowed wait is divided, by what comes in it. */
function ticksFor(bytes: number, commits: number): number {
  const enough = Math.min(Math.ceil(bytes / (COMMIT_BYTES_ENOUGH * commits)), TICKS_WHEN_ENOUGH);
  const atOnce = Math.min(commits, TICKS_AT_ONCE_MAX);
  return Math.max(enough, Math.ceil(bytes / (TICK_BYTES_MAX * atOnce)));
}

/** A timer may be early: it would find the same tick again. */
const NEAR_MS = 4;

function untilTick(nowMs: number, stepMs: number): number {
  const waitMs = stepMs - (nowMs % stepMs);
  return waitMs < Math.min(stepMs / 4, NEAR_MS) ? waitMs + stepMs : waitMs;
}
