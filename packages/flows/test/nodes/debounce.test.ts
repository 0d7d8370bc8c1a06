import { describe, expect, test } from "@jest/globals";
import { MINUTE_MS, Workbench } from "../workbench.ts";

const FLOW = `
flows:
  quiet:
    nodes:
      reading: { type: series, series: "home/+#x" }
      quiet: { type: debounce, for: 1m }
      seen: { type: debug }
    wires: [reading -> quiet, quiet -> seen]
`;

describe("debounce", () => {
  test("goes on with what came last, when nothing came for the time", () => {
    const bench = new Workbench(FLOW);
    bench.reading("home/a#x", 1, 0);
    bench.reading("home/a#x", 2, MINUTE_MS / 2);
    bench.reading("home/b#x", 9, MINUTE_MS / 2);
    bench.advance(1.5 * MINUTE_MS - 1);
    expect(bench.dataAt("seen")).toEqual([]);
    bench.advance(10 * MINUTE_MS);
    expect(bench.dataAt("seen").map(({ value }) => value)).toEqual([2, 9]);
  });

  test("waits on over a restart, and the run goes on as the same one", () => {
    let bench = new Workbench(FLOW);
    bench.reading("home/a#x", 1, 0);
    const [first] = bench.changes().runs;
    bench = bench.restarted();
    bench.advance(MINUTE_MS);
    expect(bench.changes().runs.map(({ id }) => id)).toEqual([first?.id]);
    expect(bench.path()).toEqual(["quiet:out", "seen:out"]);
  });
});
