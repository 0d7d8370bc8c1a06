import { describe, expect, test } from "@jest/globals";
import { createFakeClock } from "@weir/testkit";
import { createPace } from "../src/connection/pace.ts";

const DELAY_MS = 50;

/**
 * A broker with a window, and a stream of messages: what does the pace make of it?
 *
 * @param arriving how many messages come in each millisecond, at the time that is given.
 * @returns how many were taken in each round of `delayMs`, and how many batches that took.
 */
function run(options: {
  rounds: number;
  window: number;
  arriving: (nowMs: number) => number;
  allowed?: boolean;
  delayMs?: number;
}) {
  const { delayMs = DELAY_MS } = options;
  const clock = createFakeClock();
  const pace = createPace({ allowed: options.allowed ?? true, delayMs, clock });
  const rounds: { taken: number; batches: number }[] = [];
  let queued = 0;
  for (let round = 0; round < options.rounds; round += 1) {
    let taken = 0;
    let batches = 0;
    for (let ms = 1; ms <= delayMs; ms += 1) {
      clock.advance(1);
      queued += options.arriving(clock.monotonic());
      if (pace.mayBatch() && ms < delayMs) continue;
      const batch = Math.min(queued, options.window);
      if (batch === 0) continue;
      queued -= batch;
      taken += batch;
      batches += 1;
      pace.took(batch);
    }
    rounds.push({ taken, batches });
  }
  return rounds;
}

describe("the pace", () => {
  test("batches what comes steadily, though every batch has the same size", () => {
    const rounds = run({ rounds: 2_000, window: 65_535, arriving: () => 1 });
    expect(rounds.filter(({ batches }) => batches > 1).length).toBeLessThan(10);
  });

  test("batches nothing while a small window holds back what is there", () => {
    const rounds = run({ rounds: 200, window: 20, arriving: () => 10 });
    expect(rounds[0]).toEqual({ taken: 20, batches: 1 });
    expect(rounds.slice(20, 60).every(({ taken }) => taken === 500)).toBe(true);
  });

  test("batches nothing while a larger window does, because each wait is long", () => {
    const rounds = run({ rounds: 100, window: 2_000, delayMs: 160, arriving: () => 40 });
    expect(rounds[0]).toEqual({ taken: 2_000, batches: 1 });
    expect(rounds.slice(20, 60).every(({ taken }) => taken === 6_400)).toBe(true);
  });

  test("batches again when the window is not in the way any more", () => {
    const rounds = run({
      rounds: 200,
      window: 20,
      arriving: (nowMs) => (nowMs < 5_000 ? 10 : Number(nowMs % 10 === 0)),
    });
    expect(rounds.at(-1)).toEqual({ taken: 5, batches: 1 });
  });

  test("forgets a window that a larger batch disproves", () => {
    const rounds = run({
      rounds: 400,
      // The rate jumps while it looks, so that it takes the size of a batch for a window.
      window: 65_535,
      arriving: (nowMs) => (nowMs < 8 * DELAY_MS ? 1 : 4),
    });
    expect(rounds.slice(-100).every(({ batches }) => batches === 1)).toBe(true);
  });

  test("never batches where it is not allowed to", () => {
    const rounds = run({ rounds: 3, window: 20, arriving: () => 1, allowed: false });
    expect(rounds.map(({ batches }) => batches)).toEqual([50, 50, 50]);
  });

  test("takes no steady stream for a window that is batched more often than the delay", () => {
    const clock = createFakeClock();
    const pace = createPace({ allowed: true, delayMs: DELAY_MS, clock });
    let atOnce = 0;
    // 10 messages in each millisecond, taken every 5 ms, as when very much comes.
    for (let ms = 1; ms <= 20_000; ms += 1) {
      clock.advance(1);
      if (!pace.mayBatch()) {
        atOnce += 1;
        pace.took(10);
      } else if (ms % 5 === 0) pace.took(50);
    }
    expect(atOnce).toBeLessThan(200);
  });
});
