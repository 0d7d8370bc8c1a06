import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";

const FILE = `flows:
  freezer-warm:
    nodes:
      warm: { type: threshold, series: "zigbee2mqtt/freezer#temperature", above: -15 }
      night: { type: schedule, allow: "07:00-23:00" }
      mail: { type: email, to: ["you@example.org"], subject: "{{value}} °C" }
    wires:
      - warm.yes -> night
      - night.inside -> mail
`;

describe("what is wrong in a workflow file", () => {
  test("is nothing to begin with", () => {
    expect(parseWorkflowFile(FILE, "freezer").problems).toEqual([]);
  });

  test.each([
    ["a key that is not indented", "    nodes:", "      nodes:\n    title: x", "3: All mapping"],
    ["a tab", "      warm:", "\twarm:", "4: Tabs are not allowed as indentation: use spaces"],
    ["a text in braces", 'subject: "{{value}} °C"', "subject: {{value}}", "6: flows.freezer-warm"],
    ["a text behind braces", '"{{value}} °C"', "{{value}} °C", "6: "],
    ["a name twice", "      night:", "      warm:", "5: warm is here a second time; rename one"],
    ["no type", "type: schedule, ", "", "5: flows.freezer-warm.nodes.night.type: it is missing"],
    ["another's key", "subject:", "payload: 1, subject:", "there are to, subject, text, "],
    ["no flows", "flows:\n", "", "1: freezer-warm: there is no such key; there are flows, tables"],
    ["an open template", "{{value}}", "{{value}", "not valid: Unclosed tag at 11"],
  ])("names %s with its line and a remedy", (_, right, wrong, expected) => {
    const { problems } = parseWorkflowFile(FILE.replace(right, wrong), "freezer");
    expect(problems.join("\n")).toContain(expected);
  });

  test("a text in braces without quotes needs them", () => {
    const unquoted = FILE.replace('"{{value}} °C"', "{{value}}");
    expect(parseWorkflowFile(unquoted, "freezer").problems).toEqual([
      'freezer.yaml:6: flows.freezer-warm.nodes.mail.subject: it must be text; one that begins with { needs quotes: "{{value}}"',
    ]);
  });

  test("a node without a type is there for its wires", () => {
    const { problems } = parseWorkflowFile(FILE.replace("type: schedule, ", ""), "freezer");
    expect(problems).toHaveLength(1);
  });
});
