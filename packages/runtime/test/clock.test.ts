import { describe, expect, test } from "@jest/globals";
import { systemClock, watchSteadiness } from "@weir/runtime";
import { createFakeClock } from "@weir/testkit";

/** Resolves when a timer of `delayMs` that was set after all others has run. */
const passed = (delayMs: number): Promise<void> =>
  new Promise((resolve) => systemClock.schedule(delayMs, resolve));

describe("the system clock", () => {
  test("has the wall time in milliseconds since the epoch", () => {
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

  test("allows a task to be disposed of after it ran", async () => {
    const timer = await new Promise<Disposable>((resolve) => {
      const set = systemClock.schedule(0, () => resolve(set));
    });
    expect(() => timer[Symbol.dispose]()).not.toThrow();
  });
});

const JUMP_MS = 1_000;

describe("steadiness", () => {
  test("grows with the time that passes", () => {
    const clock = createFakeClock();
    const steadiness = watchSteadiness(clock, JUMP_MS);
    expect(steadiness.steadyForMs()).toBe(0);
    clock.advance(300_000);
    expect(steadiness.steadyForMs()).toBe(300_000);
  });

  test.each([
    ["forward", 3_600_000],
    ["back", -3_600_000],
    ["forward by just the limit", JUMP_MS],
    ["back by just the limit", -JUMP_MS],
  ])("begins again when the clock is set %s", (_, byMs) => {
    const clock = createFakeClock();
    const steadiness = watchSteadiness(clock, JUMP_MS);
    clock.advance(300_000);
    clock.jump(byMs);
    expect(steadiness.steadyForMs()).toBe(0);
    clock.advance(60_000);
    expect(steadiness.steadyForMs()).toBe(60_000);
  });

  test("begins again with each of several jumps", () => {
    const clock = createFakeClock();
    const steadiness = watchSteadiness(clock, JUMP_MS);
    clock.jump(5_000);
    steadiness.steadyForMs();
    clock.advance(10_000);
    clock.jump(-5_000);
    expect(steadiness.steadyForMs()).toBe(0);
  });

  test("goes on through slewing, however far it leads", () => {
    const clock = createFakeClock();
    const steadiness = watchSteadiness(clock, JUMP_MS);
    for (let second = 0; second < 7_200; second += 1) {
      clock.advance(1_000);
      // 500 ppm is the most that a kernel slews a clock by.
      clock.jump(0.5);
      steadiness.steadyForMs();
    }
    expect(steadiness.steadyForMs()).toBe(7_200_000);
  });

  test("reports by how much the clock has jumped, once", () => {
    const clock = createFakeClock();
    const steadiness = watchSteadiness(clock, JUMP_MS);
    clock.jump(5_000);
    steadiness.steadyForMs();
    clock.jump(-2_000);
    expect([steadiness.takeJumpMs(), steadiness.takeJumpMs()]).toEqual([3_000, 0]);
  });
});
