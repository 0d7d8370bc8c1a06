import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type AttemptBudget, earliestAttemptMs, spendAttempt } from "../src/reconnect.ts";

const HOUR_MS = 60 * 60 * 1_000;

/** Attempts as early as the budget allows, each at `wishesMs` after the one before at the earliest. */
function attemptsOf(budget: AttemptBudget, wishesMs: readonly number[]): number[] {
  let repaidMs = 0;
  let nowMs = 0;
  return wishesMs.map((wishMs) => {
    nowMs = Math.max(nowMs + wishMs, earliestAttemptMs(budget, repaidMs));
    repaidMs = spendAttempt(budget, { repaidMs, nowMs });
    return nowMs;
  });
}

describe("a budget of attempts", () => {
  test("allows a burst, and then as many as come back", () => {
    const hours = attemptsOf({ burst: 3, perHour: 2 }, Array(6).fill(0)).map((ms) => ms / HOUR_MS);
    expect(hours).toEqual([0, 0, 0, 0.5, 1, 1.5]);
  });

  test("gives the burst again after a rest, and no more than that", () => {
    const wishesMs = [0, 0, 100 * HOUR_MS, 0, 0];
    const hours = attemptsOf({ burst: 2, perHour: 1 }, wishesMs).map((ms) => ms / HOUR_MS);
    expect(hours).toEqual([0, 0, 100, 100, 101]);
  });

  test("holds in any span of time, whatever is wished", () => {
    const budgets = fc.record({
      burst: fc.integer({ min: 1, max: 20 }),
      perHour: fc.integer({ min: 1, max: 60 }),
    });
    const wishes = fc.array(fc.integer({ min: 0, max: HOUR_MS }), { maxLength: 100 });
    const property = fc.property(budgets, wishes, (budget, wishesMs) => {
      const timesMs = attemptsOf(budget, wishesMs);
      const isWithin = (from: number, to: number): boolean => {
        const hours = ((timesMs[to] as number) - (timesMs[from] as number)) / HOUR_MS;
        return to - from + 1 <= budget.burst + budget.perHour * hours + 1e-6;
      };
      return timesMs.every((_, to) =>
        timesMs.slice(0, to + 1).every((__, from) => isWithin(from, to)),
      );
    });
    fc.assert(property);
  });

  test("without an end never makes anyone wait", () => {
    const unlimited = { burst: 1, perHour: Number.POSITIVE_INFINITY };
    expect(attemptsOf(unlimited, [0, 0, 5, 0])).toEqual([0, 0, 5, 5]);
  });
});
