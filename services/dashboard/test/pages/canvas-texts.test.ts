import { describe, expect, test } from "@jest/globals";
import { NODES, parseWorkflowFile } from "@weir/flows";
import { z } from "zod";
import { type Field, fieldsOf, shownValue, typedValue } from "../../pages/canvas/fields.ts";
import { changesOnly, lineDiff } from "../../pages/canvas/line-diff.ts";
import { markWords } from "../../pages/canvas/mark-words.ts";
import { placed, placedNote } from "../../pages/canvas/problems.ts";
import { settingWords } from "../../pages/canvas/setting-words.ts";
import { wayOf } from "../../pages/canvas/trace.ts";
import { patternParts, patternsOf } from "../../pages/canvas/trial-patterns.ts";
import { filledSpan, noteWords, shownRange } from "../../pages/canvas/trial-span.ts";
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
    expect(way.nodes.get("warm")?.values).toMatchObject({ value: -5 });
    expect(way.nodes.get("other")).toBeUndefined();
  });
});

describe("what a run left at a node", () => {
  const format = createFormat("en-GB", "Europe/Berlin");
  const nowMs = Date.parse("2026-11-28T02:00:00Z");
  const words = (values: Record<string, unknown> | null, action?: object) => {
    const actions = action === undefined ? [] : [{ ...ACTION, ...action }];
    return markWords({ values, problem: null, actions }, format, nowMs);
  };
  const ACTION = {
    ...{ id: 1, node: "mail", kind: "email", what: "to you@example.org: Freezer is at -9.1 °C" },
    ...{ state: "done" as const, problem: null, attempts: 1, atMs: nowMs, endedMs: nowMs },
  };

  test("has times by the clock, and short numbers", () => {
    expect(words({ value: -9.123_456, since: Date.parse("2026-11-28T01:54:21Z") })).toBe(
      "value −9.12 · since 02:54",
    );
    expect(words({ isOpenSince: nowMs, wasSet: true, since: 5 })).toBe(
      "isOpenSince 03:00 · wasSet yes · since 5",
    );
  });
  test("has no JSON: the details have it", () => {
    expect(words({ result: { messageId: "x" }, to: ["a@x.org", "b@x.org"] })).toBe(
      "to a@x.org, b@x.org",
    );
    expect(words(null)).toBe("");
  });
  test("says what was sent to whom, or why not yet", () => {
    const result = { to: ["you@example.org"], result: { messageId: "x" } };
    expect(words(result, {})).toBe("sent to you@example.org");
    expect(words(null, { state: "failed" })).toMatch(/^failed: to you@example.org: Freezer/);
    expect(words(null, { kind: "publish", what: "lamp on" })).toBe("published to lamp on");
    expect(words({ value: 4 }, { kind: "history", what: "the mean of x" })).toBe("value 4");
  });
});

describe("what a node is set to", () => {
  const words = (type: string, config: Record<string, unknown>) => settingWords({ type, config });

  test("is a line that people would say", () => {
    const limits = { above: -15, for: "10m", clearBelow: -17 };
    expect(words("threshold", { series: "zigbee2mqtt/freezer#temperature", ...limits })).toBe(
      "zigbee2mqtt/freezer#temperature above −15 for 10m",
    );
    expect(words("threshold", { below: 5 })).toBe("the value below 5");
    expect(words("email", { to: ["you@example.org"], subject: "{{alert.title}}" })).toBe(
      "to you@example.org",
    );
    expect(words("schedule", { allow: "07:00-23:00", timeZone: "Europe/Berlin" })).toBe(
      "07:00–23:00 Europe/Berlin",
    );
    expect(words("timer", { every: "5m" })).toBe("every 5m");
    expect(words("inactive", { topic: "devices/+/state", for: "1h" })).toBe(
      "devices/+/state silent for 1h",
    );
    expect(words("switch", { of: "value", cases: { low: 1, high: [2, 3] } })).toBe(
      "value low, high",
    );
  });
  test("of another type is its configuration", () => {
    expect(words("expression", { expression: "value > 5" })).toBe("value > 5");
    expect(words("other", { name: "x", deep: { a: 1 }, isOn: true })).toBe("name x · isOn yes");
    expect(words("constructor", {})).toBe("");
  });
  test("is short, whatever the file has", () => {
    for (const type of [...NODES.keys(), "other"]) {
      expect(
        words(type, { topic: 5, to: null, text: `a\n${"b".repeat(500)}` }).length,
      ).toBeLessThan(91);
    }
  });
});

describe("the chart of a test on the past", () => {
  const MINUTE_MS = 60_000;
  test("goes from the first to the last reading", () => {
    const edgesMs = [0, 10, 20, 30, 40];
    const of = (...count: number[]) => ({ count });
    expect(filledSpan({ edgesMs, series: [of(0, 2, 0, 0), of(0, 0, 1, 0)] })).toEqual({
      fromMs: 10,
      toMs: 30,
    });
    expect(filledSpan({ edgesMs, series: [of(0, 0, 0, 0)] })).toBeNull();
  });
  test("shows what fired too, and at least some minutes", () => {
    const fired = { node: "mail", kind: "email", what: "", about: "" };
    const hour = { fromMs: 60 * MINUTE_MS, toMs: 120 * MINUTE_MS };
    const range = shownRange(hour, [{ ...fired, atMs: 130 * MINUTE_MS }]);
    const endMs = range.toMs ?? 0;
    expect(endMs - range.spanMs).toBeLessThan(hour.fromMs);
    expect(endMs).toBeGreaterThan(130 * MINUTE_MS);
    expect(shownRange({ fromMs: 0, toMs: 10 }, []).spanMs).toBe(5 * MINUTE_MS);
  });
  test("has notes with times of the page's zone", () => {
    const format = createFormat("en-GB", "Europe/Berlin");
    const note = noteWords("it begins at 2026-11-28T01:40:08.890Z: before", format);
    expect(note).toContain("02:40:08");
    expect(note).not.toContain("Z");
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
