import { describe, expect, test } from "@jest/globals";
import { MINUTE_MS, Workbench } from "../workbench.ts";

describe("the engine", () => {
  test("stops a workflow whose wires lead in a circle, and no other", () => {
    const bench = new Workbench(`
flows:
  circle:
    nodes:
      reading: { type: series, series: "a#x" }
      one: { type: debug }
      two: { type: debug }
    wires: [reading -> one, one -> two, two -> one]
  other:
    nodes:
      reading: { type: series, series: "a#x" }
      show: { type: debug }
    wires: [reading -> show]
`);
    bench.reading("a#x", 1, 0);
    bench.reading("a#x", 2, 1);
    const { stops, runs } = bench.changes();
    expect(stops.map(({ flow }) => flow)).toEqual(["circle"]);
    expect(stops[0]?.reason).toMatch(/circle/);
    expect(runs.filter(({ flow }) => flow === "other")).toHaveLength(2);
  });

  test("keeps only the newest run that did nothing", () => {
    const bench = new Workbench(`
flows:
  quiet:
    nodes: { reading: { type: series, series: "a#x" } }
`);
    for (let n = 0; n < 10; n += 1) bench.reading("a#x", n, n);
    const { runs } = bench.changes();
    expect(runs.map(({ data }) => data?.value)).toEqual([9]);
  });

  test("keeps each run of several that one event begins", () => {
    const bench = new Workbench(`
flows:
  doors:
    nodes:
      one: { type: topic, topic: door }
      two: { type: topic, topic: "#" }
      show: { type: debug }
    wires: [one -> show, two -> show]
`);
    bench.message("door", 1, 0);
    expect(bench.changes().runs.map(({ trigger }) => trigger)).toEqual(["one", "two"]);
  });

  test("what was due while a workflow was stopped happens when it runs again", () => {
    const bench = new Workbench(`
flows:
  clock:
    nodes:
      clock: { type: timer, every: 1m }
      door: { type: topic, topic: door }
      one: { type: debug }
      two: { type: debug }
    wires: [clock -> one, door -> one, one -> two, two -> one]
`);
    bench.message("door", 1, 0);
    bench.advance(10 * MINUTE_MS);
    expect(bench.changes().stops).toHaveLength(1);
    const { length: before } = bench.changes().runs;
    bench.engine.resume("clock");
    bench.advance(10.5 * MINUTE_MS);
    const begun = bench.changes().runs.slice(before);
    expect(begun.map(({ trigger }) => trigger)).toEqual(["clock"]);
  });
});
