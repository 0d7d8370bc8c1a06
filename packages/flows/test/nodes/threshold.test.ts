import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { MINUTE_MS, START_MS, Workbench } from "../workbench.ts";

const FREEZER = `
flows:
  freezer:
    nodes:
      warm: { type: threshold, series: "zigbee2mqtt/freezer#temperature", above: -15, for: 10m, clearBelow: -17 }
      yes: { type: debug }
      no: { type: debug }
    wires: [warm.yes -> yes, warm.no -> no]
`;
const SERIES = "zigbee2mqtt/freezer#temperature";

describe("threshold", () => {
  test("says yes once, when it has lasted, without another reading", () => {
    const bench = new Workbench(FREEZER);
    bench.reading(SERIES, -14, 0);
    bench.reading(SERIES, -13, 5 * MINUTE_MS);
    bench.advance(10 * MINUTE_MS - 1);
    expect(bench.path()).toEqual([]);
    bench.advance(10 * MINUTE_MS);
    bench.reading(SERIES, -12, 11 * MINUTE_MS);
    expect(bench.path()).toEqual(["warm:yes", "yes:out"]);
    const [run] = bench.changes().runs;
    expect(run?.steps[0]?.values).toEqual({ value: -13, since: START_MS });
  });

  test("begins again when the value came back in between", () => {
    const bench = new Workbench(FREEZER);
    bench.reading(SERIES, -14, 0);
    bench.reading(SERIES, -16, 5 * MINUTE_MS);
    bench.reading(SERIES, -18, 6 * MINUTE_MS);
    bench.reading(SERIES, -14, 7 * MINUTE_MS);
    bench.advance(16 * MINUTE_MS);
    expect(bench.path()).toEqual([]);
    bench.advance(17 * MINUTE_MS);
    expect(bench.path()).toEqual(["warm:yes", "yes:out"]);
  });

  test("says no only below the lower limit", () => {
    const bench = new Workbench(FREEZER);
    bench.reading(SERIES, -14, 0);
    bench.advance(10 * MINUTE_MS);
    bench.reading(SERIES, -16, 20 * MINUTE_MS);
    expect(bench.path()).toEqual(["warm:yes", "yes:out"]);
    bench.reading(SERIES, -17.5, 21 * MINUTE_MS);
    expect(bench.path()).toEqual(["warm:yes", "yes:out", "warm:no", "no:out"]);
  });

  /** The workflow with other words in it, over what is running. */
  function change(bench: Workbench, from: string, to: string): void {
    bench.engine.setFlows(parseWorkflowFile(FREEZER.replace(from, to), "test").flows);
  }

  test("clears when its limit is moved beyond the value", () => {
    const bench = new Workbench(FREEZER);
    bench.reading(SERIES, -14, 0);
    bench.advance(10 * MINUTE_MS);
    change(bench, "clearBelow: -17", "clearBelow: -16");
    bench.reading(SERIES, -15.5, 11 * MINUTE_MS);
    expect(bench.path()).toEqual(["warm:yes", "yes:out"]);
    change(bench, "above: -15, for: 10m, clearBelow: -17", "above: -10");
    bench.reading(SERIES, -14, 12 * MINUTE_MS);
    expect(bench.path()).toEqual(["warm:yes", "yes:out", "warm:no", "no:out"]);
  });

  test.each([
    ["a longer time", "for: 10m", "for: 20m", 20],
    ["a higher limit", "above: -15, for: 10m, clearBelow: -17", "above: -10", null],
    ["another series", "freezer#temperature", "cellar#temperature", null],
  ])("goes by %s that is given while it waits", (_, from, to, firesAfter) => {
    const bench = new Workbench(FREEZER);
    bench.reading(SERIES, -14, 0);
    change(bench, from, to);
    bench.advance(20 * MINUTE_MS - 1);
    expect(bench.path()).toEqual([]);
    bench.advance(60 * MINUTE_MS);
    expect(bench.path()).toEqual(firesAfter === null ? [] : ["warm:yes", "yes:out"]);
  });

  test("goes on after a restart in the middle, and fires on time", () => {
    const bench = new Workbench(FREEZER);
    bench.reading(SERIES, -14, 0);
    const after = bench.restarted();
    after.advance(30 * MINUTE_MS);
    const [run] = after.changes().runs;
    expect(run?.startedMs).toBe(run?.steps[0]?.atMs);
    expect((run?.startedMs ?? 0) % (10 * MINUTE_MS)).toBe(0);
    expect(after.restarted().path()).toEqual([]);
  });

  test("readings that come together count by the times at which they were observed", () => {
    const bench = new Workbench(FREEZER);
    bench.reading(SERIES, -14, 60 * MINUTE_MS, 0);
    bench.reading(SERIES, -14, 60 * MINUTE_MS, 12 * MINUTE_MS);
    expect(bench.path()).toEqual(["warm:yes", "yes:out"]);
  });

  test("is not deaf after a reading of a clock that is far ahead", () => {
    const bench = new Workbench(FREEZER);
    bench.reading(SERIES, -18, 0, 365 * 24 * 60 * MINUTE_MS);
    bench.reading(SERIES, -14, MINUTE_MS);
    bench.advance(11 * MINUTE_MS);
    expect(bench.path()).toEqual(["warm:yes", "yes:out"]);
  });
});
