import { describe, expect, test } from "@jest/globals";
import { isDue } from "../../src/report/deadband.ts";
import { createBench, createTestSource, EVERYTHING, INTERVAL_MS, within } from "./fixture.ts";

describe("a value is due", () => {
  const last = { value: -20, atMs: 0 };
  const relative = { deadband: { kind: "relative", share: 0.05 }, maxSilenceMs: 1_000 } as const;

  test.each([
    ["it was never reported", -20, null, within(1), 0],
    ["there is no deadband", -20, last, EVERYTHING, 0],
    ["it has left the deadband", -21.01, last, within(1), 0],
    ["it has changed by a larger share than that", -18.99, last, relative, 0],
    ["it was silent for long", -20, last, within(1, 1_000), 1_000],
  ])("when %s", (_, value, before, rule, nowMs) => {
    expect(isDue(value, before, rule, nowMs)).toBe(true);
  });

  test.each([
    ["it has not changed", -20, within(0), 0],
    ["it has changed by just the deadband", -21, within(1), 0],
    ["it has changed by just that share", -19, relative, 0],
    ["its silence lacks a millisecond", -20, within(1, 1_000), 999],
  ])("not when %s", (_, value, rule, nowMs) => {
    expect(isDue(value, last, rule, nowMs)).toBe(false);
  });
});

describe("a deadband", () => {
  test("is measured from the value that was reported last, so that a slow drift is seen", async () => {
    const walk = createTestSource("walk", { rule: within(1) });
    await using bench = createBench([walk]);
    await bench.start();
    for (const value of [0.6, 1.2, 1.8, 2.3]) {
      walk.says(value);
      await bench.pass(INTERVAL_MS);
    }
    expect(bench.sent.map(({ state: { data, suppressed } }) => [data, suppressed])).toEqual([
      [{ walk: 0 }, undefined],
      [{ walk: 1.2 }, { walk: 1 }],
      [{ walk: 2.3 }, { walk: 1 }],
    ]);
  });

  test("is ignored after the longest silence; the report counts the suppressed samples", async () => {
    await using bench = createBench([createTestSource("walk", { rule: within(1, 30_000) })]);
    await bench.start();
    for (let turns = 0; turns < 6; turns += 1) await bench.pass(INTERVAL_MS);
    expect(bench.sent.slice(1).map(({ state }) => state)).toMatchObject([
      { data: { walk: 0 }, suppressed: { walk: 2 } },
      { data: { walk: 0 }, suppressed: { walk: 2 } },
    ]);
  });

  test("holds for each attribute by itself", async () => {
    const disk = createTestSource("disk", { attributes: ["used", "files"], rule: within(1) });
    disk.answer = async () => ({ used: 10, files: 1 });
    await using bench = createBench([disk], { rules: { files: EVERYTHING } });
    await bench.start();
    await bench.pass(INTERVAL_MS);
    disk.answer = async () => ({ used: 20, files: 1 });
    await bench.pass(INTERVAL_MS);
    expect(bench.sent.map(({ state: { data, suppressed } }) => [data, suppressed])).toEqual([
      [{ used: 10, files: 1 }, undefined],
      [{ files: 1 }, undefined],
      [{ used: 20, files: 1 }, { used: 1 }],
    ]);
  });

  test("can be set for one attribute, and is returned to be kept", async () => {
    const walk = createTestSource("walk", { rule: within(1, 77_000) });
    await using bench = createBench([walk]);
    await bench.start();
    expect(bench.reporter.rules()).toEqual({});
    bench.reporter.setRule("walk", EVERYTHING);
    await bench.pass(INTERVAL_MS);
    expect(bench.sent).toHaveLength(2);
    expect(bench.reporter.rules()).toEqual({ walk: EVERYTHING });
    const deadband = { kind: "relative", share: 0.1 } as const;
    bench.reporter.setRule("walk", { deadband, maxSilenceMs: 20_000 });
    await bench.pass(INTERVAL_MS);
    await bench.pass(INTERVAL_MS);
    expect(bench.sent).toHaveLength(3);
  });
});
