import { errorMessage } from "@weir/runtime";
import { z } from "zod";
import { ownValue, Template, type TemplateOptions, utcOf } from "../expressions/template.ts";
import type { Data, Step } from "./node.ts";

/** JSON with templates in it, as a file has it, in characters. */
const JSON_MAX = 65_536;
/** How deep lists and objects of it may lie in one another. */
const DEPTH_MAX = 20;
/** Strings of it that have placeholders: each may become as long as a payload. */
const PLACES_MAX = 100;
/** One placeholder and nothing else: it stands for the value as it is, not for its text. */
const WHOLE = /^\{\{\s*([\w-]+(?:\.[\w-]+)*)\s*\}\}$/;
/** Lines of `factsOf`, and the longest one in characters. */
const FACTS_MAX = 50;
const FACT_MAX = 500;

/** A template as a file has it. @param lengthMax in characters. */
export function template(lengthMax: number) {
  return z
    .string()
    .max(lengthMax)
    .superRefine((text, context) => {
      const message = templateProblem(text);
      if (message !== null) context.addIssue({ code: "custom", message });
    });
}

/** JSON of any form as a file has it; its strings are templates. */
export const jsonTemplate = z.unknown().superRefine((json, context) => {
  const message = jsonProblem(json, 0) ?? sizeProblem(json);
  if (message !== null) context.addIssue({ code: "custom", message });
});

/** What filling in needs of a step. */
export type Filling = Pick<Step<never>, "lack">;

/** Makes a template ready. What fills it in notes in the trace which names the data does not have. */
export function filler(
  text: string,
  options: TemplateOptions = {},
): (data: Data, step: Filling) => string {
  const template = new Template(text, options);
  return (data, step) => {
    const filled = template.render(data);
    step.lack(filled.unknown);
    return filled.text;
  };
}

/** Makes JSON with templates ready. A string that is one placeholder becomes the value itself: `"{{value}}"` a number. */
export function jsonFiller(json: unknown): (data: Data, step: Filling) => unknown {
  if (typeof json === "string") {
    const [, path] = WHOLE.exec(json) ?? [];
    if (path === undefined) return filler(json);
    const names = path.split(".");
    return (data, step) => {
      const value = valueAt(names, data);
      if (value === undefined) step.lack([path]);
      return value ?? null;
    };
  }
  if (typeof json !== "object" || json === null) return () => json;
  if (Array.isArray(json)) {
    const fillers = json.map(jsonFiller);
    return (data, step) => fillers.map((fill) => fill(data, step));
  }
  const fillers = Object.entries(json).map(([key, value]) => [key, jsonFiller(value)] as const);
  return (data, step) => Object.fromEntries(fillers.map(([key, fill]) => [key, fill(data, step)]));
}

/** What tells states and runs apart, and says nothing to people. */
const NO_FACTS: ReadonlySet<string> = new Set(["key", "run"]);
/** Names of times, in milliseconds since the epoch. */
const TIME_NAME = /(?:^since|Ms)$/;

/** What stands in the data, a line each, for messages that have no text of their own. */
export function factsOf(data: Data): string {
  return Object.entries(data)
    .filter(([name]) => !NO_FACTS.has(name))
    .flatMap(([name, value]) => factsIn(name, value, true))
    .slice(0, FACTS_MAX)
    .map((line) => line.slice(0, FACT_MAX))
    .join("\n");
}

/** @param mayNest whether the values of an object have lines of their own. */
function factsIn(name: string, value: unknown, mayNest: boolean): string[] {
  if (value === null || value === undefined) return [];
  if (typeof value === "string") return [`${name}: ${value}`];
  if (typeof value === "number" && TIME_NAME.test(name)) {
    return [`${name.replace(/Ms$/, "")}: ${utcOf(value) ?? value}`];
  }
  if (mayNest && typeof value === "object" && !Array.isArray(value)) {
    return Object.entries(value)
      .filter(([key]) => !NO_FACTS.has(key))
      .flatMap(([key, one]) => factsIn(key, one, false).map((line) => `${name}.${line}`));
  }
  return [`${name}: ${JSON.stringify(value)}`];
}

function valueAt(path: readonly string[], data: Data): unknown {
  let value: unknown = data;
  for (const name of path) value = ownValue(value, name);
  return value;
}

function templateProblem(text: string): string | null {
  try {
    new Template(text);
    return null;
  } catch (error) {
    return errorMessage(error);
  }
}

function jsonProblem(json: unknown, depth: number): string | null {
  if (depth > DEPTH_MAX) return `lists and objects lie in one another at most ${DEPTH_MAX} deep`;
  if (typeof json === "string") return templateProblem(json);
  if (typeof json !== "object" || json === null) return null;
  for (const value of Object.values(json)) {
    const problem = jsonProblem(value, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}

function placesIn(json: unknown): number {
  if (typeof json === "string") return json.includes("{{") ? 1 : 0;
  if (typeof json !== "object" || json === null) return 0;
  return Object.values(json).reduce((sum: number, one) => sum + placesIn(one), 0);
}

function sizeProblem(json: unknown): string | null {
  if (placesIn(json) > PLACES_MAX) return `at most ${PLACES_MAX} strings in it have placeholders`;
  const length = json === undefined ? 0 : JSON.stringify(json).length;
  return length > JSON_MAX ? `as JSON it has at most ${JSON_MAX} characters` : null;
}
