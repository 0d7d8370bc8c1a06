import { describe, expect, test } from "@jest/globals";
import { systemClock } from "../src/index.ts";

/** Resolves when a timer of `delayMs` that was set after all others has run. */
const passed = (delayMs: number): Promise<void> =>
  new Promise((resolve) => systemClock.schedule(delayMs, resolve));

describe("the system clock", () => {
  test("tells the wall time in milliseconds since the epoch", () => {
    const beforeMs = Date.now();
    const nowMs = systemClock.now();
    expect(nowMs).toBeGreaterThanOrEqual(beforeMs);
    expect(nowMs).toBeLessThanOrEqual(Date.now());
  });

  test("has a monotonic time that never goes back", () => {
    const times = Array.from({ length: 1_000 }, () => systemClock.monotonic());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test("runs a scheduled task once, not before its time", async () => {
    const sinceMs = systemClock.monotonic();
    let runs = 0;
    const ranAtMs = await new Promise<number>((resolve) =>
      systemClock.schedule(5, () => {
        runs += 1;
        resolve(systemClock.monotonic());
      }),
    );
    await passed(10);
    // The kernel's timer counts whole milliseconds.
    expect(ranAtMs - sinceMs).toBeGreaterThanOrEqual(4);
    expect(runs).toBe(1);
  });

  test("runs no task that was disposed of", async () => {
    let runs = 0;
    const count = (): void => {
      runs += 1;
    };
    systemClock.schedule(1, count)[Symbol.dispose]();
    systemClock.repeat(1, count)[Symbol.dispose]();
    await passed(10);
    expect(runs).toBe(0);
  });

  test("repeats a task until it is disposed of", async () => {
    let runs = 0;
    await new Promise<void>((resolve) => {
      const repetition = systemClock.repeat(1, () => {
        runs += 1;
        if (runs < 3) return;
        repetition[Symbol.dispose]();
        resolve();
      });
    });
    await passed(10);
    expect(runs).toBe(3);
  });

  test("does not mind a task that is disposed of after it ran", async () => {
    const timer = await new Promise<Disposable>((resolve) => {
      const set = systemClock.schedule(0, () => resolve(set));
    });
    expect(() => timer[Symbol.dispose]()).not.toThrow();
  });
});
