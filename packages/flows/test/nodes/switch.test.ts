import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { Workbench } from "../workbench.ts";

const flow = (config: string) => `
flows:
  door:
    nodes:
      reading: { type: series, series: "home/a#x" }
      which: { type: switch, ${config} }
      low: { type: debug }
      high: { type: debug }
      rest: { type: debug }
    wires: [reading -> which, which.low -> low, which.high -> high, which.else -> rest]
`;

describe("switch", () => {
  test("takes the first case whose expression holds", () => {
    const bench = new Workbench(flow('cases: { low: "value < 5", high: "value < 10" }'));
    for (const [at, value] of [3, 7, 20].entries()) bench.reading("home/a#x", value, at);
    expect(bench.path().filter((step) => step.startsWith("which"))).toEqual([
      "which:low",
      "which:high",
      "which:else",
    ]);
  });

  test("compares a value with those of the cases", () => {
    const bench = new Workbench(flow("of: value, cases: { low: [1, 2], high: 9 }"));
    for (const [at, value] of [2, 9, 5].entries()) bench.reading("home/a#x", value, at);
    expect(bench.path().filter((step) => step.startsWith("which"))).toEqual([
      "which:low",
      "which:high",
      "which:else",
    ]);
    const steps = bench.changes().runs.flatMap((run) => run.steps);
    expect(steps.flatMap(({ node, values }) => (node === "which" ? [values] : []))).toEqual([
      { value: 2 },
      { value: 9 },
      { value: 5 },
    ]);
  });

  test("refuses cases that are no expressions, and names that are taken", () => {
    const { problems } = parseWorkflowFile(flow('cases: { low: 5, high: "true" }'), "test");
    expect(problems).toEqual([expect.stringContaining("case low is no expression; give of")]);
    expect(
      parseWorkflowFile(flow('cases: { low: "true", high: "true", else: "true" }'), "test")
        .problems,
    ).toEqual([expect.stringContaining("no case can be named else or error")]);
  });
});
