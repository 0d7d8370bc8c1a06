import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { Workbench } from "../workbench.ts";

const hook = (config: string): string => `
flows:
  hooks:
    nodes:
      any: { type: series, series: "+#x" }
      hook: { type: webhook, ${config} }
      failed: { type: debug }
    wires: [any -> hook, hook.error -> failed]
`;

describe("webhook", () => {
  test("sends all data as JSON by default", () => {
    const bench = new Workbench(hook("url: https://example.org/in"));
    bench.reading("freezer#x", 5, 0);
    const effect = bench.changes().effects[0]?.effect;
    expect(effect).toMatchObject({
      kind: "webhook",
      url: "https://example.org/in",
      method: "POST",
      headers: { "content-type": "application/json" },
      secretFile: null,
      allowPrivate: false,
    });
    expect(effect?.kind === "webhook" && JSON.parse(effect.body)).toMatchObject({
      value: 5,
      deviceName: "freezer",
    });
  });

  test("quotes in a device's text stay inside of a string of its JSON", () => {
    const bench = new Workbench(
      hook('url: https://example.org, json: { who: "{{topic}}", value: "{{value}}", fixed: [1] }'),
    );
    bench.reading('a","admin":"yes#x', 5, 0);
    const effect = bench.changes().effects[0]?.effect;
    expect(effect?.kind === "webhook" && JSON.parse(effect.body)).toEqual({
      who: 'a","admin":"yes',
      value: 5,
      fixed: [1],
    });
  });

  test("does not send what is too large, and says so", () => {
    const bench = new Workbench(`
flows:
  hooks:
    nodes:
      any: { type: series, series: "+#x" }
      hook: { type: webhook, url: "https://example.org", text: "{{#many}}{{.}}{{/many}}{{topic}}" }
      failed: { type: debug }
    wires: [any -> hook, hook.error -> failed]
`);
    bench.reading(`${"a".repeat(60_000)}#x`, 5, 0);
    expect(bench.changes().effects).toHaveLength(1);
    const all = new Workbench(hook("url: https://example.org"));
    all.reading(`${"a".repeat(100_000)}#x`, 5, 0);
    expect(all.changes().effects).toHaveLength(0);
    expect(all.path().at(-1)).toBe("failed:out");
  });

  test.each([
    ["url: file:///etc/passwd", /begins with https/],
    ["url: https://me:secret@example.org", /no user and password/],
    ["url: 'https://{{topic}}'", /no template/],
    ["url: https://example.org, headers: { Host: other.org }", /not for a workflow to set/],
    ['url: https://example.org, headers: { A: "b\\nC: d" }', /one line of ASCII/],
    ["url: https://example.org, secretFile: ../../etc/passwd", /name of a file/],
    ["url: https://example.org, text: a, json: b", /not both/],
    ["url: https://example.org, method: GET, text: a", /has no content/],
  ])("refuses %s", (config, words) => {
    expect(parseWorkflowFile(hook(config), "test").problems.join()).toMatch(words);
  });
});
