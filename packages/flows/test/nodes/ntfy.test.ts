import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { Workbench } from "../workbench.ts";

const notify = (config: string): string => `
flows:
  notes:
    nodes:
      any: { type: series, series: "+#x" }
      note: { type: ntfy, ${config} }
    wires: [any -> note]
`;

describe("ntfy", () => {
  test("fills in title and message", () => {
    const bench = new Workbench(
      notify(
        'topic: t-1, title: "{{topic}}\\nwarm", message: "{{value}} °C", priority: 5, tags: [warning]',
      ),
    );
    bench.reading("freezer#x", 5, 0);
    expect(bench.changes().effects[0]?.effect).toEqual({
      kind: "ntfy",
      server: "https://ntfy.sh",
      topic: "t-1",
      title: "freezer warm",
      message: "5 °C",
      priority: 5,
      tags: ["warning"],
      tokenFile: null,
      allowPrivate: false,
    });
  });

  test("cuts a long message between characters", () => {
    const bench = new Workbench(notify('topic: t, message: "{{topic}}"'));
    bench.reading(`${"ä".repeat(5_000)}#x`, 5, 0);
    const effect = bench.changes().effects[0]?.effect;
    expect(effect?.kind === "ntfy" && effect.message).toBe(`${"ä".repeat(2_000)}…`);
  });

  test("refuses a topic that would be another path", () => {
    expect(parseWorkflowFile(notify("topic: a/b"), "test").problems.join()).toMatch(
      /topic of ntfy/,
    );
  });
});
