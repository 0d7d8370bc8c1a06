import { describe, expect, test } from "@jest/globals";
import { createFakeClock } from "@weir/testkit";
import { watchSteadiness } from "../src/index.ts";

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
  ])("begins anew when the clock is set %s", (_, byMs) => {
    const clock = createFakeClock();
    const steadiness = watchSteadiness(clock, JUMP_MS);
    clock.advance(300_000);
    clock.jump(byMs);
    expect(steadiness.steadyForMs()).toBe(0);
    clock.advance(60_000);
    expect(steadiness.steadyForMs()).toBe(60_000);
  });

  test("begins anew with each of several jumps", () => {
    const clock = createFakeClock();
    const steadiness = watchSteadiness(clock, JUMP_MS);
    clock.jump(5_000);
    steadiness.steadyForMs();
    clock.advance(10_000);
    clock.jump(-5_000);
    expect(steadiness.steadyForMs()).toBe(0);
  });

  test("takes slewing for what it is, however far it leads", () => {
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

  test("tells by how much the clock has jumped, once", () => {
    const clock = createFakeClock();
    const steadiness = watchSteadiness(clock, JUMP_MS);
    clock.jump(5_000);
    steadiness.steadyForMs();
    clock.jump(-2_000);
    expect([steadiness.takeJumpMs(), steadiness.takeJumpMs()]).toEqual([3_000, 0]);
  });
});
