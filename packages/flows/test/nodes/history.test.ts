import { describe, expect, test } from "@jest/globals";
import { MINUTE_MS, START_MS, Workbench } from "../workbench.ts";

const flow = (node: string) => `
flows:
  look-back:
    nodes:
      reading: { type: series, series: "home/+#x" }
      past: ${node}
      seen: { type: debug }
      none: { type: debug }
      wrong: { type: debug }
    wires: [reading -> past, past -> seen, past.none -> none, past.error -> wrong]
`;

describe("history", () => {
  test("asks for a span up to now, and the run goes on with the answer", () => {
    let bench = new Workbench(flow("{ type: history, over: 1h, aggregate: max }"));
    bench.reading("home/a#x", 1, 0);
    const [asked] = bench.changes().effects;
    const span = { fromMs: START_MS - 60 * MINUTE_MS, toMs: START_MS };
    expect(asked?.effect).toEqual({
      kind: "history",
      series: "home:home/a#x",
      ...span,
      aggregate: "max",
    });
    bench = bench.restarted();
    if (asked === undefined) throw new Error("nothing was asked");
    const result = { value: 4.5, count: 12, ...span };
    bench.engine.settle(asked, { isDone: true, result }, START_MS + 100);
    const { runs } = bench.changes();
    expect(runs.map(({ id }) => id)).toEqual([asked.run]);
    expect(bench.path()).toEqual(["past:value", "seen:out"]);
    expect(runs[0]?.steps[1]?.values?.data).toMatchObject({ value: 1, past: result });
  });

  test("has an output for no readings, and one for what went wrong", () => {
    const text = flow('{ type: history, series: "{{deviceName}}/y#z", over: 1h }');
    const bench = new Workbench(text);
    bench.reading("home/a#x", 1, 0);
    const span = { fromMs: START_MS - 60 * MINUTE_MS, toMs: START_MS };
    bench.settle({ isDone: true, result: { value: null, count: 0, ...span } }, 1);
    bench.reading("home/a#x", 1, 2);
    bench.settle({ isDone: false, problem: "there is no series a/y#z", isUncertain: false }, 3);
    const path = bench.path();
    expect(path).toContain("past:none");
    expect(path).toContain("wrong:out");
  });
});

describe("statistics", () => {
  test("asks for the average of a window", () => {
    const bench = new Workbench(flow("{ type: statistics, minutes: 5 }"));
    bench.reading("home/a#x", 1, 0);
    expect(bench.changes().effects[0]?.effect).toMatchObject({
      fromMs: START_MS - 5 * MINUTE_MS,
      toMs: START_MS,
      aggregate: "mean",
    });
  });
});
