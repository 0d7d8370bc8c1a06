import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "@weir/flows";
import type { RunAction, Workflows } from "@weir/flows/contract";
import { createFormat } from "../../pages/format.ts";
import { aboutWords } from "../../pages/parts/about-words.ts";
import { EXAMPLES, FIRST_WORKFLOW } from "../../pages/workflows/examples.ts";
import { nameProblem } from "../../pages/workflows/new-name.ts";
import { settingsOf } from "../../pages/workflows/node-settings.ts";
import { questionOf } from "../../pages/workflows/run-question.ts";
import {
  actionWords,
  isTime,
  isTree,
  sinceStart,
  stepWords,
  valueText,
} from "../../pages/workflows/run-words.ts";

const format = createFormat("en-GB", "UTC");

describe("what became of an action", () => {
  const words = (change: Partial<RunAction>): string => {
    const action: RunAction = {
      id: 1,
      node: "mail",
      kind: "email",
      what: "to you@example.org",
      state: "done",
      problem: null,
      attempts: 1,
      atMs: 1_000,
      endedMs: null,
      ...change,
    };
    const { tone, words } = actionWords(action, format);
    return `${tone}: ${words}`;
  };

  test("says how long it took, and at which attempt it worked", () => {
    expect(words({ endedMs: 2_200 })).toBe("ok: done in 1.2 s");
    expect(words({ endedMs: 61_000, attempts: 3 })).toBe("ok: done in 1 min, at attempt 3");
  });

  test("says that it waits after a failure, and why", () => {
    expect(words({ state: "waiting", attempts: 0 })).toBe("quiet: waiting");
    expect(words({ state: "waiting", attempts: 2, problem: "no route" })).toBe(
      "attention: waiting, attempt 2: no route",
    );
    expect(words({ state: "doing" })).toBe("quiet: under way");
  });

  test("says where nothing is certain, where it was too late, and where it failed", () => {
    expect(words({ state: "uncertain" })).toBe("attention: uncertain, it may have been sent");
    expect(words({ state: "expired" })).toBe("attention: expired, it was too late to do it");
    expect(words({ state: "failed", attempts: 5, problem: "refused" })).toBe(
      "problem: failed after 5 attempts: refused",
    );
  });
});

test("a step says where it came in and went on", () => {
  const step = { atMs: 0, node: "warm", values: null };
  expect(stepWords({ ...step, input: "reading", outputs: ["yes"], problem: null }, false)).toEqual({
    from: "at reading",
    to: "went on by yes",
  });
  const last = { ...step, input: null, outputs: [], problem: null };
  expect(stepWords(last, false)).toEqual({ from: "", to: "went no further" });
  expect(stepWords(last, true)).toEqual({ from: "", to: "began an action" });
  // Its problem says it all.
  expect(stepWords({ ...last, problem: "no value" }, false).to).toBe("");
});

test("values of a step are exact, in one line each, and times count from the beginning", () => {
  expect(valueText(-15.0001)).toBe("−15.0001");
  expect(valueText("<b>")).toBe("<b>");
  expect(valueText({ a: [1] })).toBe('{"a":[1]}');
  expect(isTime("since", 1_795_867_200_000)).toBe(true);
  expect(isTime("silentMs", 3_600_000)).toBe(false);
  expect(isTime("bytes", 1_795_867_200_000)).toBe(false);
  expect(isTree({ a: 1 })).toBe(false);
  expect(isTree({ a: "x".repeat(100) })).toBe(true);
  expect(sinceStart(600_000, 0, format)).toBe("+10 min");
  expect(sinceStart(5, 5, format)).toBe("");
});

test("what a run is about is a link where it is a device or a series", () => {
  expect(aboutWords("devices:devices/kitchen")).toEqual({
    words: "devices/kitchen",
    address: "/devices/devices%3Adevices%2Fkitchen",
  });
  expect(aboutWords("devices:devices/kitchen/state#temperature")).toEqual({
    words: "devices/kitchen/state temperature",
    address: "/series?series=devices%3Adevices%2Fkitchen%2Fstate%23temperature",
  });
  expect(aboutWords("data:DATA#")).toMatchObject({ words: "DATA" });
  expect(aboutWords("disk")).toEqual({ words: "disk", address: null });
  expect(aboutWords("")).toEqual({ words: "", address: null });
});

test("the address decides which runs are asked for, and nonsense is left out", () => {
  const asked = (text: string): unknown => questionOf(new URLSearchParams(text));
  expect(asked("flow=warm&about=kitchen&state=failed&before=12")).toEqual({
    flow: "warm",
    about: "kitchen",
    state: "failed",
    beforeId: 12,
    limit: 50,
  });
  expect(asked("flow=&state=broken&before=-1")).toEqual({ limit: 50 });
});

test("a new name is free in files and workflows, and one that files can have", () => {
  const existing: Pick<Workflows, "files" | "flows"> = {
    files: [{ file: "Home", revision: "1", problems: [], notes: [] }],
    flows: [
      {
        name: "warm",
        file: "Home",
        title: "",
        state: "running",
        reason: null,
        buttons: [],
        lastRun: null,
        actions24h: 0,
        openAlerts: 0,
      },
    ],
  };
  expect(nameProblem("freezer-warm", existing)).toBeNull();
  expect(nameProblem("", existing)).toMatch(/Give it a name/);
  expect(nameProblem("../up", existing)).toMatch(/letters, digits and hyphens/);
  expect(nameProblem("home", existing)).toMatch(/a file home.yaml already/);
  expect(nameProblem("WARM", existing)).toMatch(/Home.yaml has a workflow of this name/);
});

test("each example is a valid workflow of the chosen name, and off", () => {
  for (const { text } of EXAMPLES) {
    const { flows, problems } = parseWorkflowFile(text("mine"), "mine");
    expect(problems).toEqual([]);
    expect(flows).toMatchObject([{ name: "mine", isEnabled: false }]);
  }
});

test("the line of the empty page is a valid workflow that a shell does not change", () => {
  const { flows, problems } = parseWorkflowFile(`${FIRST_WORKFLOW}\n`, "freezer");
  expect(problems).toEqual([]);
  expect(flows).toMatchObject([{ name: "freezer-warm", isEnabled: true }]);
  expect(FIRST_WORKFLOW).not.toMatch(/['\\]/);
});

test("settings of a node come from its schema, those of all its forms once", () => {
  const above = { description: "the limit", default: 5 };
  expect(
    settingsOf({
      properties: { series: { description: "which one" } },
      required: ["series"],
      anyOf: [{ properties: { above }, required: ["above"] }, { properties: { above } }],
    }),
  ).toEqual([
    { name: "series", description: "which one", isRequired: true, fallback: null },
    { name: "above", description: "the limit", isRequired: false, fallback: "5" },
  ]);
});
