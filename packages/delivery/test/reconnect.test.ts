import { describe, expect, test } from "@jest/globals";
import { createFakeClock } from "@weir/testkit";
import fc from "fast-check";
import {
  type AttemptBudget,
  createReconnectGate,
  earliestAttemptMs,
  spendAttempt,
} from "../src/reconnect.ts";
import { settled } from "./fixture.ts";

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

const UNLIMITED = { burst: 1, perHour: Number.POSITIVE_INFINITY };
const SECOND_MS = 1_000;
const running = new AbortController().signal;

/** A gate whose waits double from one second, and a client that fails at once, again and again. */
function setUp(budget: AttemptBudget = UNLIMITED) {
  const clock = createFakeClock();
  const gate = createReconnectGate({ delay: (n) => SECOND_MS * 2 ** n, budget, clock });
  const attemptsAtSeconds: number[] = [];
  const stopping = new AbortController();
  void (async () => {
    for (let attempt = 0; ; attempt += 1) {
      await gate.reconnect(attempt, stopping.signal);
      if (stopping.signal.aborted) return;
      attemptsAtSeconds.push(clock.monotonic() / SECOND_MS);
    }
  })();
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(SECOND_MS);
      await settled();
    }
  };
  const end = { [Symbol.dispose]: () => stopping.abort() };
  return { gate, attemptsAtSeconds, pass, end };
}

describe("the gate of a client that lost its broker", () => {
  test("opens after its backoff", async () => {
    const { attemptsAtSeconds, pass, end } = setUp();
    using _end = end;
    await pass(20);
    expect(attemptsAtSeconds).toEqual([1, 3, 7, 15]);
  });

  test("begins with short waits for a message, and goes on where it was after that", async () => {
    const { gate, attemptsAtSeconds, pass, end } = setUp();
    using _end = end;
    await pass(20);
    gate.hurry(5 * SECOND_MS);
    await pass(80);
    // After 21, 23 and 27 that is 16 s, the wait it was in.
    expect(attemptsAtSeconds).toEqual([1, 3, 7, 15, 21, 23, 27, 43, 75]);
  });

  test("is not delayed by urgent messages again and again", async () => {
    const { gate, attemptsAtSeconds, pass, end } = setUp();
    using _end = end;
    await pass(20);
    for (let count = 0; count < 100; count += 1) gate.hurry(5 * SECOND_MS);
    await pass(1);
    expect(attemptsAtSeconds.at(-1)).toBe(21);
  });

  test("stays within its budget, however urgent the messages are", async () => {
    const { gate, attemptsAtSeconds, pass, end } = setUp({ burst: 4, perHour: 60 });
    using _end = end;
    for (let count = 0; count < 600; count += 1) {
      gate.hurry(5 * SECOND_MS);
      await pass(1);
    }
    // Four at once, and then one a minute.
    expect(attemptsAtSeconds).toHaveLength(4 + 9);
  });

  test("allows no urgent attempt while each connection is lost as soon as it is made", async () => {
    const clock = createFakeClock();
    const delay = (n: number): number => SECOND_MS * 2 ** n;
    const gate = createReconnectGate({ delay, budget: UNLIMITED, clock });
    const attemptsAtSeconds: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      gate.connected();
      let isOpen = false;
      void gate.reconnect(attempt, running).then(() => {
        isOpen = true;
      });
      while (!isOpen) {
        if (attempt > 0) gate.hurry(60 * SECOND_MS);
        clock.advance(SECOND_MS);
        await settled();
      }
      attemptsAtSeconds.push(clock.monotonic() / SECOND_MS);
    }
    expect(attemptsAtSeconds).toEqual([1, 3, 7, 15]);
  });

  test("closes behind a client that is stopped", async () => {
    const clock = createFakeClock();
    const gate = createReconnectGate({ delay: () => 1, budget: UNLIMITED, clock });
    const stopping = new AbortController();
    const opened = gate.reconnect(0, stopping.signal);
    stopping.abort();
    await opened;
  });

  test("refuses a budget that would end the search, and a wait that is none", async () => {
    const clock = createFakeClock();
    const delay = () => Number.NaN;
    const broke = { burst: 0, perHour: 3 };
    expect(() => createReconnectGate({ delay, budget: broke, clock })).toThrow(RangeError);
    const gate = createReconnectGate({ delay, budget: UNLIMITED, clock });
    await expect(gate.reconnect(0, running)).rejects.toThrow("cannot wait for NaN ms");
  });
});
