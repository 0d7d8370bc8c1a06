import { describe, expect, test } from "@jest/globals";
import { MINUTE_MS, Workbench } from "../workbench.ts";

const FLOW = `
flows:
  boiling:
    nodes:
      reading: { type: series, series: "home/+#t" }
      fast: { type: rate, over: 10m, per: 1h, above: 6 }
      yes: { type: debug }
      no: { type: debug }
    wires: [reading -> fast, fast.yes -> yes, fast.no -> no]
`;

function rates(bench: Workbench): [string, number][] {
  return ["yes", "no"].flatMap((node) =>
    // What the node adds.
    bench.dataAt(node).map(({ fast }): [string, number] => [node, (fast as { rate: number }).rate]),
  );
}

describe("rate", () => {
  test("says yes and no once, when the window is full", () => {
    const bench = new Workbench(FLOW);
    // 12 per hour for 15 minutes, then nothing any more.
    for (let minute = 0; minute <= 40; minute += 1) {
      bench.reading("home/a#t", 20 + Math.min(minute, 15) / 5, minute * MINUTE_MS);
    }
    const [yes, no] = rates(bench) as [[string, number], [string, number]];
    expect(yes[0]).toBe("yes");
    expect(yes[1]).toBeCloseTo(12);
    expect(no[0]).toBe("no");
    expect(no[1]).toBeCloseTo(6);
    expect(rates(bench)).toHaveLength(2);
  });

  test("goes on where it was after a restart", () => {
    let bench = new Workbench(FLOW);
    bench.reading("home/a#t", 20, 0);
    bench = bench.restarted();
    bench.reading("home/a#t", 22, 10 * MINUTE_MS);
    expect(rates(bench)).toEqual([["yes", 12]]);
  });

  test("compares nothing across a gap", () => {
    const bench = new Workbench(FLOW);
    bench.reading("home/a#t", 0, 0);
    bench.reading("home/a#t", 100, 21 * MINUTE_MS);
    expect(rates(bench)).toEqual([]);
    bench.reading("home/a#t", 102, 31 * MINUTE_MS);
    expect(rates(bench)).toEqual([["yes", 12]]);
  });

  test("keeps few values of many", () => {
    const bench = new Workbench(FLOW);
    for (let n = 0; n < 3_000; n += 1) bench.reading("home/a#t", n / 1_000, n * 1_000);
    const { states } = bench.changes();
    const kept = JSON.stringify(states.at(-1)?.cell?.state);
    expect(kept.split("],[").length).toBeLessThan(70);
  });
});
