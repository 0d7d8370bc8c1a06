import { describe, expect, test } from "@jest/globals";
import { Workbench } from "../workbench.ts";

const FLOW = `
flows:
  remember:
    nodes:
      high: { type: threshold, series: "home/+#x", above: 10 }
      low: { type: threshold, series: "home/+#x", below: 0 }
      latch: { type: latch }
      set: { type: debug }
      reset: { type: debug }
    wires: [high.yes -> latch.set, low.yes -> latch.reset, latch.set -> set, latch.reset -> reset]
`;

function outputs(bench: Workbench): string[] {
  return bench.path().filter((step) => step.startsWith("latch:"));
}

describe("latch", () => {
  test("stays set until it is reset, for each key by itself", () => {
    const bench = new Workbench(FLOW);
    bench.reading("home/a#x", 11, 0);
    bench.reading("home/a#x", 5, 1);
    bench.reading("home/a#x", 11, 2);
    bench.reading("home/b#x", -1, 3);
    expect(outputs(bench)).toEqual(["latch:set"]);
    bench.reading("home/a#x", -1, 4);
    expect(outputs(bench)).toEqual(["latch:set", "latch:reset"]);
  });

  test("is still set after a restart", () => {
    let bench = new Workbench(FLOW);
    bench.reading("home/a#x", 11, 0);
    bench = bench.restarted();
    bench.reading("home/a#x", -1, 1);
    expect(outputs(bench)).toEqual(["latch:reset"]);
  });
});
