import { describe, expect, test } from "@jest/globals";
import { MINUTE_MS, Workbench } from "../workbench.ts";

const FLOW = `
flows:
  calm:
    nodes:
      reading: { type: series, series: "home/+#x" }
      calm: { type: throttle, atMost: 2, per: 10m }
      seen: { type: debug }
    wires: [reading -> calm, calm -> seen]
`;

function outputs(bench: Workbench): string[] {
  return bench.path().filter((step) => step.startsWith("calm"));
}

describe("throttle", () => {
  test("lets a number go on within a time, for each key by itself", () => {
    const bench = new Workbench(FLOW);
    bench.reading("home/a#x", 1, 0);
    bench.reading("home/a#x", 2, 5 * MINUTE_MS);
    bench.reading("home/b#x", 2, 6 * MINUTE_MS);
    bench.reading("home/a#x", 3, 10 * MINUTE_MS - 1);
    bench.reading("home/a#x", 4, 10 * MINUTE_MS);
    bench.reading("home/a#x", 5, 11 * MINUTE_MS);
    expect(outputs(bench)).toEqual([
      "calm:out",
      "calm:out",
      "calm:out",
      "calm:out",
      "calm:dropped",
    ]);
  });

  test("counts on after a restart, and forgets what no longer counts", () => {
    let bench = new Workbench(FLOW);
    bench.reading("home/a#x", 1, 0);
    bench.reading("home/a#x", 2, 1);
    bench = bench.restarted();
    bench.reading("home/a#x", 3, MINUTE_MS);
    expect(outputs(bench)).toEqual(["calm:dropped"]);
    bench.advance(20 * MINUTE_MS);
    expect(bench.changes().states.at(-1)?.cell).toBeNull();
  });

  test("counts all together where by is empty", () => {
    const bench = new Workbench(FLOW.replace("per: 10m", 'per: 10m, by: ""'));
    for (const [at, device] of ["a", "b", "c"].entries()) bench.reading(`home/${device}#x`, 1, at);
    expect(outputs(bench)).toEqual(["calm:out", "calm:out", "calm:dropped"]);
  });
});
