import { isName } from "@weir/protocol";
import { z } from "zod";
import { abandonPromises, thrownText } from "../plugins/load.ts";
import type { DeviceCommand } from "./command.ts";

const PROBLEMS_SHOWN_MAX = 5;
const REASON_CHARACTERS_MAX = 1_000;

/** Parses the payload of a command, which anyone may have sent. Never throws. */
export function parsePayload<P>(
  command: DeviceCommand<P>,
  payload: unknown,
): { kind: "valid"; payload: P } | { kind: "invalid"; reason: string } {
  const problem = formProblem(payload);
  if (problem !== null) return invalid(problem);
  try {
    const parsed = abandonPromises(() => command.payload.safeParse(payload, { error: wordsFor }));
    if (parsed.success) return { kind: "valid", payload: parsed.data };
    const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, payload));
    return invalid(problems.slice(0, PROBLEMS_SHOWN_MAX).join("; also "));
  } catch (error) {
    // The schema of a plugin may throw, or report malformed issues.
    const reason =
      error instanceof z.core.$ZodAsyncError
        ? "it returns a Promise; a check must be synchronous"
        : thrownText(error);
    return invalid(`payload: its check failed: ${reason}`);
  }
}

function invalid(reason: string): { kind: "invalid"; reason: string } {
  return { kind: "invalid", reason: reason.slice(0, REASON_CHARACTERS_MAX) };
}

const CHARACTERS_MAX = 16_384;
const DEPTH_MAX = 16;
const VALUES_MAX = 4_096;

/** Why no command takes this payload, whatever its schema; `null` if the schema decides. */
function formProblem(payload: unknown): string | null {
  const budget = { values: VALUES_MAX, characters: CHARACTERS_MAX };
  // Level by level instead of by recursion, so that a deep payload cannot exhaust the stack.
  let level: unknown[] = [payload];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEPTH_MAX) return `payload: it has more than ${DEPTH_MAX} levels`;
    budget.values -= level.length;
    if (budget.values < 0) return `payload: it has more than ${VALUES_MAX} values`;
    const texts = level.flatMap(textsOf);
    for (const text of texts) budget.characters -= text.length;
    if (budget.characters < 0) return `payload: it has more than ${CHARACTERS_MAX} characters`;
    if (texts.some((text) => text.includes("\0"))) return "payload: it contains a NUL character";
    if (level.some(hasPrototypeKey)) return "payload: __proto__ is not allowed as a key";
    level = level.flatMap(valuesIn);
  }
  return null;
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return isObject(value) && !Array.isArray(value) ? Object.keys(value) : [];
}

function valuesIn(value: unknown): unknown[] {
  return isObject(value) ? Object.values(value) : [];
}

function hasPrototypeKey(value: unknown): boolean {
  return isObject(value) && Object.hasOwn(value, "__proto__");
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** For commands without a payload. Buttons of dashboards send one of these. */
export const noPayload: z.ZodType<unknown> = z
  .union(
    [z.null(), z.literal(""), z.strictObject({})],
    "it must be left out: the command takes no payload",
  )
  .describe("Nothing.");

const SHOWN_CHARACTERS_MAX = 80;
const KEYS_SHOWN_MAX = 5;
// zod's message for a union without a message of its own.
const NO_WORDS = "Invalid input";

/** The message where a schema has none of its own. */
function wordsFor(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `it must be ${TYPES[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `it must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "too_small":
      return `it must be ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `it must be ${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}${unitOf(issue.origin)}`;
    case "not_multiple_of":
      return `it must be a multiple of ${issue.divisor}`;
    default:
      return undefined;
  }
}

/** One line for each problem: place, value, what is allowed. */
function problemsOf(
  issue: z.core.$ZodIssue,
  payload: unknown,
  above: readonly PropertyKey[] = [],
): string[] {
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union") {
    const inside = issue.errors.find((inner) => inner.some(isInside));
    const meant = inside ?? (issue.message === NO_WORDS ? issue.errors.flat() : []);
    if (meant.length > 0) return meant.flatMap((inner) => problemsOf(inner, payload, path));
  }
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.slice(0, KEYS_SHOWN_MAX).map(shown);
    return [`${placeOf(path)}: there is no such key as ${keys.join(", ")}`];
  }
  const value = valueAt(payload, path);
  if (value === undefined && path.length > 0)
    return [`${placeOf(path)} is missing; ${issue.message}`];
  return [`${placeOf(path)}: ${shown(value)} is not allowed; ${issue.message}`];
}

/** A value as a message quotes it: as JSON, shortened. */
export function shown(value: unknown): string {
  // JSON cannot write NaN and Infinity.
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? "nothing");
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  object: "an object",
  array: "a list",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  null: "left out",
};

const UNITS: Readonly<Record<string, string>> = {
  string: " characters long",
  array: " entries long",
  set: " entries long",
};

const unitOf = (origin: string): string => UNITS[origin] ?? "";

/** Whether this option of a union was meant: only something inside it is wrong. */
function isInside({ path, code }: z.core.$ZodIssue): boolean {
  return path.length > 0 || code === "unrecognized_keys" || code === "custom";
}

function placeOf(path: readonly PropertyKey[]): string {
  // Quoted: a key of the sender must not look like a part of the message.
  const keys = path.map(String).map((key) => (isName(key) ? key : shown(key)));
  return ["payload", ...keys].join(".");
}

function valueAt(payload: unknown, path: readonly PropertyKey[]): unknown {
  let value = payload;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    // An own key of an object that came as JSON.
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
