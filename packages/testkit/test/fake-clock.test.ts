import { describe, expect, test } from "@jest/globals";
import { createFakeClock } from "../src/index.ts";

describe("the fake clock", () => {
  test("stands still until it is moved", () => {
    const clock = createFakeClock(1_000);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    clock.advance(500);
    expect([clock.now(), clock.monotonic()]).toEqual([1_500, 500]);
  });

  test("runs what falls due in the order of time, each at its own time", () => {
    const clock = createFakeClock();
    const ran: [string, number][] = [];
    clock.schedule(20, () => ran.push(["late", clock.monotonic()]));
    clock.schedule(10, () => ran.push(["early", clock.monotonic()]));
    clock.schedule(31, () => ran.push(["too late", clock.monotonic()]));
    clock.advance(30);
    expect(ran).toEqual([
      ["early", 10],
      ["late", 20],
    ]);
    expect(clock.monotonic()).toBe(30);
  });

  test("runs what falls due at the same time in the order of setting", () => {
    const clock = createFakeClock();
    const ran: string[] = [];
    clock.schedule(10, () => ran.push("first"));
    clock.schedule(10, () => ran.push("second"));
    clock.advance(10);
    expect(ran).toEqual(["first", "second"]);
  });

  test("runs what a task sets, if that falls due too", () => {
    const clock = createFakeClock();
    const ranAtMs: number[] = [];
    clock.schedule(10, () => clock.schedule(10, () => ranAtMs.push(clock.monotonic())));
    clock.advance(20);
    expect(ranAtMs).toEqual([20]);
  });

  test("repeats a task at each interval until it is disposed of", () => {
    const clock = createFakeClock();
    const ranAtMs: number[] = [];
    const repetition = clock.repeat(10, () => ranAtMs.push(clock.monotonic()));
    clock.advance(35);
    repetition[Symbol.dispose]();
    clock.advance(100);
    expect(ranAtMs).toEqual([10, 20, 30]);
  });

  test("runs no task that was disposed of, by another one either", () => {
    const clock = createFakeClock();
    let runs = 0;
    const task = clock.schedule(10, () => {
      runs += 1;
    });
    clock.schedule(5, () => task[Symbol.dispose]());
    clock.advance(20);
    expect(runs).toBe(0);
  });

  test("jumps with its wall time alone", () => {
    const clock = createFakeClock(1_000_000);
    let runs = 0;
    clock.schedule(10, () => {
      runs += 1;
    });
    clock.jump(-3_600);
    expect([clock.now(), clock.monotonic(), runs]).toEqual([996_400, 0, 0]);
    clock.advance(10);
    expect([clock.now(), runs]).toEqual([996_410, 1]);
  });
});
