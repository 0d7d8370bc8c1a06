import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { Workbench } from "../workbench.ts";

const flow = (column: string) => `
tables:
  people:
    - { room: a, mail: ann@example.org }
    - { room: b, mail: bob@example.org }
flows:
  who:
    nodes:
      reading: { type: series, series: "home/+#x" }
      person: { type: table, table: people, column: ${column}, equals: "{{deviceName}}" }
      text: { type: template, texts: { line: "{{person.mail}} has {{value}}{{nothing}}" } }
      seen: { type: debug }
      none: { type: debug }
    wires: [reading -> person, person -> text, text -> seen, person.missing -> none]
`;

describe("table", () => {
  test("finds a row, whose columns those behind can name", () => {
    const bench = new Workbench(flow("room"));
    bench.reading("home/b#x", 5, 0);
    const steps = bench.changes().runs[0]?.steps ?? [];
    expect(steps.at(-1)?.values?.data).toMatchObject({
      person: { room: "b", mail: "bob@example.org" },
      text: { line: "bob@example.org has 5" },
    });
  });

  test("goes on by missing where no row fits", () => {
    const bench = new Workbench(flow("room"));
    bench.reading("home/c#x", 5, 0);
    expect(bench.path()).toEqual(["reading:reading", "person:missing", "none:out"]);
  });

  test("is refused for a column that the table has not", () => {
    expect(parseWorkflowFile(flow("rom"), "test").problems).toEqual([
      expect.stringContaining("table people has no column rom; it has room, mail"),
    ]);
  });
});
