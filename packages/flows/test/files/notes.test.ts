import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { notesOf } from "../../src/files/notes.ts";
import { StoredSeries } from "../../src/files/stored-series.ts";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";

const EXAMPLES = new URL("../../../../config/examples/workflows/", import.meta.url).pathname;

const FILE = `flows:
  freezer-warm:
    nodes:
      warm: { type: threshold, series: "home/freezer#temperature", above: -15 }
      alert: { type: alert, title: "{{deviceName}}: {{value}} °C" }
      mail: { type: email, to: ["you@example.org"], subject: "{{alert.title}} {{warm.since.utc}}" }
    wires: [warm.yes -> alert.raise, warm.no -> alert.clear, alert -> mail]
`;

const STORED = new StoredSeries(
  ["temperature", "battery"].map((path) => ({
    ...{ stream: "data", topic: "home/freezer", path, kind: "gauge" as const, unit: null },
    ...{ device: null, family: "json", name: null, class: null, points: 1, firstUs: 0 },
    ...{ newestUs: 0, newestValue: 0, receivedUs: 0, intervalMs: 0 },
  })),
  ["data"],
);

function notesIn(text: string, stored: StoredSeries | null = STORED): string[] {
  const { flows, problems } = parseWorkflowFile(text, "freezer");
  expect(problems).toEqual([]);
  return notesOf(flows, stored).map(({ node, line, words }) => `${line} ${node}: ${words}`);
}

describe("notes on a workflow", () => {
  test("are none where everything may be meant, also in the examples", () => {
    expect(notesIn(FILE)).toEqual([]);
    for (const file of readdirSync(EXAMPLES).filter((name) => name.endsWith(".yaml"))) {
      expect(notesIn(readFileSync(join(EXAMPLES, file), "utf8"), null)).toEqual([]);
    }
  });

  test.each([
    [
      "a series that is not stored",
      "#temperature",
      "#temprature",
      "4 warm: no stored series is home/freezer#temprature; did you mean temperature?",
    ],
    [
      "a name with a mistake",
      "alert.title",
      "alrt.title",
      "6 mail: there is no alrt in the data; did you mean alert?",
    ],
    [
      "a node that comes later",
      "{{value}} °C",
      "{{mail.response}}",
      "5 alert: there is no mail in the data; there are key, series, ",
    ],
    [
      "a field of another trigger",
      "{{value}}",
      "{{payload.value}}",
      "5 alert: there is no payload in the data; ",
    ],
    [
      "a name in a condition",
      'type: alert, title: "{{deviceName}}: {{value}} °C"',
      "type: store, name: x, expression: valu + 1",
      "5 alert: there is no valu in the data; did you mean value?",
    ],
    [
      "a node without a wire",
      ", alert -> mail",
      "",
      "6 mail: no wire leads to it: it never does anything",
    ],
    [
      "a trigger without a wire",
      "warm.yes -> alert.raise, warm.no -> alert.clear, ",
      "",
      "4 warm: no wire leads on from it",
    ],
    [
      "a workflow without a trigger",
      'series: "home/freezer#temperature", ',
      "",
      "2 null: nothing begins a run",
    ],
  ])("name %s", (_, right, wrong, expected) => {
    const text = FILE.replace(right, wrong).replace(
      "warm.yes -> alert.raise, warm.no -> alert.clear",
      wrong.includes("store") ? "warm.yes -> alert" : "$&",
    );
    expect(notesIn(text).join("\n")).toContain(expected);
  });

  test.each([
    ["what is in a payload", "{{payload.room.name}}"],
    ["what is in a section", "{{#payload.rooms}}{{name}} {{.}}{{/payload.rooms}}"],
    ["what is missing", "{{^payload}}none{{/payload}}"],
    ["the run", "{{run}} {{timeMs.utc}}"],
  ])("leave out %s", (_, text) => {
    const flow = `flows:\n  f:\n    nodes:\n      m: { type: topic, topic: a/# }\n      s: { type: template, texts: { x: "${text}" } }\n    wires: [m -> s]\n`;
    expect(notesIn(flow)).toEqual([]);
  });

  test("know names of a circle, and none of a branch beside", () => {
    const flow = (title: string) => `flows:
  f:
    nodes:
      t: { type: timer, every: 1h }
      w: { type: delay, for: 1m }
      more: { type: expression, expression: "${title}" }
      side: { type: stored, name: x }
    wires: [t -> w, w -> more, more.yes -> w, t -> side]
`;
    expect(notesIn(flow("w.times < 3 && has(payload.x)"))).toEqual([]);
    expect(notesIn(flow("side.value > 3"))).toEqual([expect.stringContaining("there is no side")]);
  });
});
