import { describe, expect, test } from "@jest/globals";
import { createFakeClock } from "@weir/testkit";
import { createTicks } from "../src/connection/pace.ts";

const TICK_MS = 160;

/**
 * Something comes at a steady rate, and is handed on at each tick.
 *
 * @returns the waits that are left once the ticks have got used to it, each once.
 */
function waits({ bytesPerSecond, commits }: { bytesPerSecond: number; commits: number }): number[] {
  const clock = createFakeClock();
  const ticks = createTicks({ tickMs: TICK_MS, commits: () => commits, clock });
  const seen: number[] = [];
  let waitMs = TICK_MS;
  for (let round = 0; round < 40; round += 1) {
    clock.advance(waitMs);
    ticks.came((bytesPerSecond * waitMs) / 1_000);
    waitMs = ticks.untilNextMs();
    if (round >= 20) seen.push(Math.round(waitMs));
  }
  return [...new Set(seen)];
}

describe("the ticks", () => {
  test.each([
    ["little waits as long as it may", 60_000, 1, 160],
    ["what fills two commits waits half of it", 250_000, 1, 80],
    ["much waits a third of it", 650_000, 1, 53],
    ["very much waits no longer than a socket's buffer holds", 2_600_000, 1, 23],
    ["what is divided into many commits waits longer", 400_000, 20, 160],
  ])("%s", (_, bytesPerSecond, commits, waitMs) => {
    expect(waits({ bytesPerSecond, commits })).toEqual([waitMs]);
  });

  test("no message waits longer than it may, whenever it comes", () => {
    const clock = createFakeClock();
    const ticks = createTicks({ tickMs: TICK_MS, commits: () => 1, clock });
    const longest = Array.from({ length: 2 * TICK_MS }, () => {
      clock.advance(1);
      return ticks.untilNextMs();
    });
    expect(Math.max(...longest)).toBeLessThan(TICK_MS + 4);
  });

  test("a tick that is near is left out: its timer was early", () => {
    const clock = createFakeClock();
    const ticks = createTicks({ tickMs: TICK_MS, commits: () => 1, clock });
    clock.advance(TICK_MS - 1);
    expect(ticks.untilNextMs()).toBe(TICK_MS + 1);
  });
});
