import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { Workbench } from "../workbench.ts";

const storing = (config: string): string => `
flows:
  keeps:
    nodes:
      any: { type: series, series: "+#x" }
      keep: { type: store, ${config} }
      failed: { type: debug }
    wires: [any -> keep, keep.error -> failed]
`;

describe("store", () => {
  test("a value of its own type, by a name for each device", () => {
    const bench = new Workbench(storing('name: "last {{deviceName}}", value: "{{value}}"'));
    bench.reading("hall#x", 7, 0);
    bench.reading("attic#x", 8, 1);
    expect(bench.changes().stored).toEqual([
      { name: "last hall", value: 7 },
      { name: "last attic", value: 8 },
    ]);
  });

  test("adds, and goes on adding after a restart", () => {
    const bench = new Workbench(storing("name: count, add: 2"));
    bench.reading("a#x", 1, 0);
    bench.reading("a#x", 1, 1);
    const after = bench.restarted();
    after.reading("a#x", 1, 2);
    expect(after.engine.stored.get("count")).toBe(6);
  });

  test("what an expression gives, or its problem", () => {
    const bench = new Workbench(storing('name: double, expression: "value * 2"'));
    bench.reading("a#x", 4, 0);
    expect(bench.engine.stored.get("double")).toBe(8);
    const wrong = new Workbench(storing('name: double, expression: "payload.x * 2"'));
    wrong.reading("a#x", 4, 0);
    expect(wrong.path().at(-1)).toBe("failed:out");
    expect(wrong.changes().stored).toEqual([]);
  });

  test("does not add to a text, and does not store what is too large", () => {
    const bench = new Workbench(storing("name: count, add: 2"));
    bench.engine.stored.set("count", "five");
    bench.reading("a#x", 1, 0);
    expect(bench.engine.stored.get("count")).toBe("five");
    expect(bench.path().at(-1)).toBe("failed:out");
    const large = new Workbench(storing('name: x, value: "{{topic}}"'));
    large.reading(`${"a".repeat(9_000)}#x`, 1, 0);
    expect(large.path().at(-1)).toBe("failed:out");
    expect(large.changes().stored).toEqual([]);
  });

  test.each(["name: a", "name: a, value: 1, add: 2"])("refuses %s", (config) => {
    expect(parseWorkflowFile(storing(config), "test").problems.join()).toMatch(
      /value, expression or add/,
    );
  });
});
