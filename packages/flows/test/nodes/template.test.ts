import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { Workbench } from "../workbench.ts";

const flow = (text: string) => `
flows:
  words:
    nodes:
      reading: { type: series, series: "home/+#x" }
      words: { type: template, texts: { line: ${JSON.stringify(text)} } }
      seen: { type: debug }
    wires: [reading -> words, words -> seen]
`;

describe("template", () => {
  test("makes texts for those behind, and the trace names what the data has not", () => {
    const bench = new Workbench(flow("{{deviceName}} has {{value}} {{colour}}"));
    bench.reading("home/b#x", -18.200000000000003, 0);
    const [, words, seen] = bench.changes().runs[0]?.steps ?? [];
    expect(words?.values).toEqual({ unknown: ["colour"] });
    expect(seen?.values?.data).toMatchObject({ words: { line: "b has -18.2 " } });
  });

  test("is checked with its file", () => {
    expect(parseWorkflowFile(flow("{{deviceName"), "test").problems).toEqual([
      expect.stringContaining("Unclosed tag"),
    ]);
  });
});
