import type { Clock } from "@weir/runtime";
import type { Receiver } from "./connection.ts";

/** A window that lets more through in each millisecond of the wait does not slow the broker down: 20,000 in a second. */
const WINDOW_PER_MS_MAX = 20;
/** So many batches of exactly one size look like a window. */
const SAME_SIZE_MIN = 8;
/** More than so many times as much without batching, and it was the window that held it back. */
const GAIN_MIN = 2;
/** After so many rounds without batching, batching is tried again. */
const ROUNDS_MAX = 64;
/** The pause after a first look that found no window; each further one doubles it. */
const LOOK_AGAIN_MS = 10_000;
const LOOK_AGAIN_MS_MAX = 300_000;

/** A time without batching, to see whether more arrives. */
interface Look {
  sinceMs: number;
  /** What has arrived since, and how many such rounds there were before. */
  count: number;
  rounds: number;
  /** What arrived in each millisecond while it was batched. */
  batchedPerMs: number;
}

/**
 * Decides whether messages may be batched. A broker sends no more than its window without
 * acknowledgements: with a window of 20, batching for 50 ms means 400 messages a second.
 *
 * Brokers do not announce their window. After several batches of exactly one size, nothing is batched
 * for a round of `delayMs`. If much more arrives meanwhile, that size is the window, and nothing is
 * batched for as long as it would slow the broker down.
 *
 * @param options.allowed false for MQTT 3.1.1, which has no Receive Maximum: nothing is ever batched.
 */
export function createPace(options: {
  allowed: boolean;
  delayMs: number;
  clock: Pick<Clock, "monotonic">;
}) {
  const { delayMs, clock } = options;
  const isPossible = options.allowed && delayMs > 0;
  /** The size of the batches before, how many of them had it, and since when. */
  let size = 0;
  let sameSize = 0;
  let sinceMs = clock.monotonic();
  let lastMs = sinceMs;
  /** The window, once a look has found it. */
  let window: number | null = null;
  let look: Look | null = null;
  let lookAgainAtMs = 0;
  let lookAgainMs = LOOK_AGAIN_MS;

  function watch(acknowledged: number): void {
    const nowMs = clock.monotonic();
    if (acknowledged === size) sameSize += 1;
    else {
      size = acknowledged;
      sameSize = 1;
      sinceMs = lastMs;
    }
    lastMs = nowMs;
    if (window !== null && size > window) window = null;
    if (size === 0 || size > WINDOW_PER_MS_MAX * delayMs) return;
    const looksLikeOne = sameSize >= SAME_SIZE_MIN && nowMs >= lookAgainAtMs;
    if (window === null ? !looksLikeOne : size !== window) return;
    const batchedPerMs = (size * sameSize) / Math.max(nowMs - sinceMs, 1);
    look = { sinceMs: nowMs, count: 0, rounds: 0, batchedPerMs };
  }

  function judge({ count, rounds, batchedPerMs, ...one }: Look): void {
    const nowMs = clock.monotonic();
    const passedMs = nowMs - one.sinceMs;
    if (passedMs < delayMs) return;
    const isInTheWay = count > GAIN_MIN * batchedPerMs * passedMs;
    if (isInTheWay) window = size;
    if (isInTheWay && rounds < ROUNDS_MAX) {
      look = { sinceMs: nowMs, count: 0, rounds: rounds + 1, batchedPerMs };
      return;
    }
    look = null;
    sameSize = 0;
    sinceMs = nowMs;
    lastMs = nowMs;
    if (window !== null) return;
    lookAgainAtMs = nowMs + lookAgainMs;
    lookAgainMs = Math.min(2 * lookAgainMs, LOOK_AGAIN_MS_MAX);
  }

  return {
    /** Notes that a batch was acknowledged, with how many QoS 1 messages. */
    took: (acknowledged: number): void => {
      if (!isPossible) return;
      if (look === null) {
        watch(acknowledged);
        return;
      }
      look.count += acknowledged;
      judge(look);
    },
    /** Whether the next messages may wait for more. */
    mayBatch: (): boolean => isPossible && look === null,
  };
}

/**
 * What should have arrived by the next tick at most. With more, the socket's buffer fills up and the
 * broker has to wait: with Mosquitto on one machine 50 ms for each read meant 90,000 messages/s
 * instead of 125,000.
 */
const TICK_BYTES_MAX = 65_536;
/** Where a tick has several commits, the broker waits for them anyway: then it may be so many times as much. */
const TICKS_AT_ONCE_MAX = 2;
/**
 * What is worth a wake-up and a commit: a tick in which more has arrived may come sooner, after a third of
 * the wait that is allowed. So rare messages wait for more, and frequent ones do not.
 */
const COMMIT_BYTES_ENOUGH = 24_576;
const TICKS_WHEN_ENOUGH = 3;
/** Less than this predicts nothing about the next tick. */
const TICK_BYTES_MIN = 16_384;

/**
 * Decides when what has arrived is handed on. All connections have the same ticks, so that the process
 * wakes up once for all of them; when much arrives, there are more.
 *
 * @param options.tickMs the longest wait.
 */
export function createTicks(options: {
  tickMs: number;
  commits: Receiver["commits"];
  clock: Pick<Clock, "monotonic">;
}) {
  const { tickMs, commits, clock } = options;
  let sinceMs = clock.monotonic();
  let bytes = 0;

  return {
    /** Notes how much arrived, now. */
    came: (bytesMore: number): void => {
      bytes += bytesMore;
    },
    /** How long to wait for the next tick, in milliseconds. */
    untilNextMs: (): number => {
      const nowMs = clock.monotonic();
      const tickBytes =
        bytes < TICK_BYTES_MIN ? 1 : (bytes * tickMs) / Math.max(nowMs - sinceMs, 1);
      sinceMs = nowMs;
      bytes = 0;
      return untilTick(nowMs, tickMs / ticksFor(tickBytes, commits()));
    },
  };
}

/** Into how many ticks the allowed wait is divided, by what arrives in it. */
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
