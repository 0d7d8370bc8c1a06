import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { Workbench } from "../workbench.ts";

const flow = (expression: string) => `
flows:
  hot:
    nodes:
      reading: { type: series, series: "home/+#temperature" }
      hot: { type: expression, expression: ${JSON.stringify(expression)} }
      seen: { type: debug }
      wrong: { type: debug }
    wires: [reading -> hot, hot.yes -> seen, hot.error -> wrong]
`;

describe("expression", () => {
  test("goes on by yes or no, and the trace shows the values", () => {
    const bench = new Workbench(flow('value > 30 && deviceName == "kitchen"'));
    bench.reading("home/kitchen#temperature", 31, 0);
    bench.reading("home/attic#temperature", 40, 1);
    expect(bench.path()).toEqual([
      "reading:reading",
      "hot:yes",
      "seen:out",
      "reading:reading",
      "hot:no",
    ]);
    expect(bench.changes().runs[0]?.steps[1]?.values).toEqual({ value: 31, deviceName: "kitchen" });
  });

  test("goes on by error where it cannot be worked out", () => {
    const bench = new Workbench(flow("payload.temperature > 30"));
    bench.reading("home/kitchen#temperature", 31, 0);
    expect(bench.path()).toEqual(["reading:reading", "hot:error", "wrong:out"]);
    expect(bench.changes().runs[0]?.steps[1]?.problem).toContain("there is no payload in the data");
  });

  test("is checked with its file", () => {
    const { problems } = parseWorkflowFile(flow("value >"), "test");
    expect(problems).toEqual([
      expect.stringContaining(
        'the expression "value >" is not valid at character 8: it ends too early',
      ),
    ]);
    expect(parseWorkflowFile(flow("value + 1"), "test").problems).toEqual([
      expect.stringContaining("the expression gives double, not yes or no: compare it"),
    ]);
  });
});
