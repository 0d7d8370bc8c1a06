import { describe, expect, test } from "@jest/globals";
import { NODES, parseWorkflowFile } from "@weir/flows";
import { z } from "zod";
import { type Field, fieldsOf, shownValue, typedValue } from "../../pages/canvas/fields.ts";
import { changesOnly, lineDiff } from "../../pages/canvas/line-diff.ts";
import { placed, placedNote } from "../../pages/canvas/problems.ts";
import { valueWords, wayOf } from "../../pages/canvas/trace.ts";
import { patternParts, patternsOf } from "../../pages/canvas/trial-patterns.ts";
import { countWords, resultWords } from "../../pages/canvas/trial-words.ts";
import { createFormat } from "../../pages/format.ts";
import { drawnFlow } from "./drawn-flow.ts";

function fieldsOfType(type: string): Map<string, Field> {
  const node = NODES.get(type);
  if (node === undefined) throw new Error(`no type ${type}`);
  const schema = z.toJSONSchema(node.config, { io: "input", unrepresentable: "any" });
  return new Map(fieldsOf(schema).map((field) => [field.key, field]));
}

describe("the form of a node", () => {
  test("of a threshold has numbers, a text, and a duration with its default", () => {
    const fields = fieldsOfType("threshold");
    expect(fields.get("above")).toMatchObject({ kind: "number", isRequired: false });
    expect(fields.get("series")).toMatchObject({ kind: "text" });
    expect(fields.get("for")).toMatchObject({ kind: "text", preset: "0s" });
    expect(fields.get("for")?.hint).toContain("lasted");
  });

  test("names what is required first", () => {
    const schema = z.toJSONSchema(z.strictObject({ a: z.string().optional(), b: z.string() }));
    expect(fieldsOf(schema).map(({ key, isRequired }) => [key, isRequired])).toEqual([
      ["b", true],
      ["a", false],
    ]);
  });

  test("shows each value as it is typed, and reads what it shows", () => {
    const schema = z.toJSONSchema(
      z.strictObject({
        to: z.array(z.string()),
        severity: z.enum(["info", "critical"]),
        retain: z.boolean(),
        qos: z.int(),
        body: z.string(),
        headers: z.record(z.string(), z.string()),
        days: z.array(z.enum(["mon", "tue", "wed"])),
        default: z.union([z.string(), z.number(), z.boolean()]),
      }),
    );
    const config: Record<string, unknown> = {
      to: ["one@example.org", "two@example.org"],
      severity: "critical",
      retain: false,
      qos: 1,
      body: "line\nline",
      headers: { accept: "text" },
      days: ["mon", "wed"],
      default: 0.5,
    };
    const fields = fieldsOf(schema);
    expect(Object.fromEntries(fields.map(({ key, kind }) => [key, kind]))).toEqual({
      to: "list",
      severity: "choice",
      retain: "boolean",
      qos: "number",
      body: "long text",
      headers: "json",
      days: "choices",
      default: "scalar",
    });
    for (const field of fields) {
      const value = config[field.key];
      expect(typedValue(field, shownValue(field, value))).toEqual({ value });
    }
  });

  test("leaves out what is empty, and says why JSON is none", () => {
    const [field] = fieldsOf(
      z.toJSONSchema(z.strictObject({ body: z.record(z.string(), z.any()) })),
    );
    expect(typedValue(field as Field, " ")).toEqual({ value: undefined });
    expect(typedValue(field as Field, "{")).toHaveProperty("problem");
  });
});

describe("a problem of a file", () => {
  const text = `flows:
  freezer:
    nodes:
      warm: { type: threshold, above: x }
    wires: ["warm.yes -> nix"]
`;
  test("is found at workflow, node and field", () => {
    const [field, wire] = parseWorkflowFile(text, "freezer").problems.map(placed);
    expect(field).toMatchObject({
      lineNumber: 4,
      flow: "freezer",
      node: "warm",
      key: "above",
      words: '"x": it must be a number',
    });
    expect(wire).toMatchObject({ lineNumber: 5, flow: "freezer", node: null });
    expect(wire?.words).toContain("there is no node nix");
  });

  test("notes stand at their node, too", () => {
    const note = { flow: "freezer", node: "warm", line: 4, words: "no wire leads to it" };
    expect(placedNote(note)).toMatchObject({
      ...{ isNote: true, lineNumber: 4, flow: "freezer", node: "warm" },
      words: "No wire leads to it",
    });
  });

  test("of the whole file has no place in it", () => {
    const [problem] = parseWorkflowFile("flows: [", "freezer").problems.map(placed);
    expect(problem).toMatchObject({ lineNumber: 1, flow: null, node: null, key: null });
  });
});

describe("the changes of a text", () => {
  const shown = (before: string, after: string) =>
    changesOnly(lineDiff(before, after)).map((line) =>
      line === null ? "…" : `${{ same: " ", removed: "-", added: "+" }[line.kind]}${line.text}`,
    );
  test("are the lines that went and came, with three around them", () => {
    const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    expect(shown(before, before.replace("5", "five"))).toEqual([
      ..."…, 2, 3, 4,-5,+five, 6, 7, 8,…".split(","),
    ]);
  });
  test("keep what is common in the middle", () => {
    expect(shown("a\nb\nc\n", "x\nb\ny\n")).toEqual(["-a", "+x", " b", "-c", "+y"]);
  });
  test("are none of equal texts, and all of a new one", () => {
    expect(shown("a\n", "a\n")).toEqual(["…"]);
    expect(shown("", "a\nb\n")).toEqual(["+a", "+b"]);
  });
});

describe("the way of a run", () => {
  const step = { atMs: 0, input: null, outputs: [], values: null, problem: null };
  const way = wayOf({
    id: 1,
    flow: "freezer",
    trigger: "warm",
    startedMs: 0,
    about: "",
    state: "done",
    actions: 1,
    data: {},
    steps: [
      { ...step, node: "warm", outputs: ["yes"], values: { value: -5, since: 1_795_867_200_000 } },
      { ...step, node: "mail", input: "in", problem: "refused" },
    ],
    performed: [],
  });
  const wire = (output: string) => ({
    from: { node: "warm", output },
    to: { node: "mail", input: "in" },
  });
  test("lights the wires of the outputs that it took, with values and problems", () => {
    expect([way.has(wire("yes")), way.has(wire("no"))]).toEqual([true, false]);
    expect(way.nodes.get("mail")?.problem).toBe("refused");
    const words = valueWords(way.nodes.get("warm")?.values ?? null, createFormat("en", "UTC"));
    expect(words).toBe("value −5 · since 12:00:00");
    expect(way.nodes.get("other")).toBeUndefined();
  });
});

describe("the result of a test on the past", () => {
  const version = (counts: Record<string, number>) => ({
    fired: [],
    counts,
    runs: 9,
    stopped: null,
  });
  test("says how often it fires, by its alerts, beside what is saved", () => {
    const asked = version({ alert: 3, email: 4 });
    expect(resultWords({ asked, saved: version({ email: 41 }) })).toBe(
      "Fires 3 times instead of 41.",
    );
    expect(resultWords({ asked, saved: version({ alert: 3 }) })).toContain("as often as");
    expect(resultWords({ asked: version({ email: 1 }), saved: null })).toBe("Fires once.");
    expect(resultWords({ asked: version({}), saved: null })).toBe("Does not fire.");
    expect(countWords(asked)).toBe("3 × alert, 4 × email");
  });

  test("is shown on the series that its nodes name, with or without a stream", () => {
    const flow = drawnFlow("freezer", ["warm", "mail"]);
    const [warm] = flow.nodes;
    if (warm !== undefined) warm.config = { series: "zigbee2mqtt/freezer#temperature" };
    expect(patternsOf(flow)).toEqual(["zigbee2mqtt/freezer#temperature"]);
    const parts = { topic: "home/+", path: "a.b" };
    expect(patternParts("home/+#a.b")).toEqual({ stream: null, ...parts });
    expect(patternParts("data:home/+#a.b")).toEqual({ stream: "data", ...parts });
    expect(patternParts("home/##a.b")).toMatchObject({ topic: "home/#", path: "a.b" });
  });
});
