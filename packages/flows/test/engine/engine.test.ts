import { describe, expect, test } from "@jest/globals";
import { Workbench } from "../workbench.ts";

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
});
