import { describe, expect, test } from "@jest/globals";
import { Workbench } from "../workbench.ts";

const flow = (config: string) => `
flows:
  changes:
    nodes:
      reading: { type: series, series: "home/+#x" }
      moved: { type: change${config} }
      seen: { type: debug }
    wires: [reading -> moved, moved -> seen]
`;

/** What the node has added. */
function seen(bench: Workbench): unknown[] {
  return bench.dataAt("seen").map(({ moved }) => moved);
}

describe("change", () => {
  test("goes on when a value is another one, for each series by itself", () => {
    const bench = new Workbench(flow(""));
    bench.reading("home/a#x", 1, 0);
    bench.reading("home/b#x", 5, 1);
    bench.reading("home/a#x", 1, 2);
    bench.reading("home/a#x", 2, 3);
    expect(seen(bench)).toEqual([{ before: 1, by: 1 }]);
  });

  test("counts an amount from what went on last, also after a restart", () => {
    let bench = new Workbench(flow(", atLeast: 2"));
    bench.reading("home/a#x", 10, 0);
    bench.reading("home/a#x", 11, 1);
    bench = bench.restarted();
    bench.reading("home/a#x", 11.9, 2);
    bench.reading("home/a#x", 12, 3);
    bench.reading("home/a#x", 13, 4);
    expect(seen(bench)).toEqual([{ before: 10, by: 2 }]);
  });

  test("looks at what an expression gives", () => {
    const bench = new Workbench(flow(', of: "value > 3"'));
    for (const [at, value] of [1, 2, 5, 6, 1].entries()) bench.reading("home/a#x", value, at);
    expect(seen(bench)).toEqual([
      { before: false, by: null },
      { before: true, by: null },
    ]);
  });

  test("goes on by error where there is no number to compare", () => {
    const bench = new Workbench(flow(', of: "deviceName", atLeast: 1'));
    bench.reading("home/a#x", 1, 0);
    expect(bench.path()).toEqual(["reading:reading", "moved:error"]);
  });
});
