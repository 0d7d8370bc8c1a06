import { isName } from "@weir/messages";
import type { z } from "zod";

const SHOWN_CHARACTERS_MAX = 80;
const KEYS_SHOWN_MAX = 5;
// What zod says of a union that has no words of its own.
const NO_WORDS = "Invalid input";

/** Words where a schema has none of its own: what is allowed, after "it must be". */
export function wordsFor(issue: z.core.$ZodRawIssue): string | undefined {
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

/** One line for each thing that is wrong: where, what stands there, and what may. */
export function problemsOf(
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

/** A value as a message quotes it: as JSON, and not more than some words of it. */
export function shown(value: unknown): string {
  // JSON has no word for those that are no numbers.
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

/** Whether a form fits so far that only something inside it is wrong. */
function isInside({ path, code }: z.core.$ZodIssue): boolean {
  return path.length > 0 || code === "unrecognized_keys" || code === "custom";
}

function placeOf(path: readonly PropertyKey[]): string {
  // Keys may be anyone's, and must not look like words of ours.
  const keys = path.map(String).map((key) => (isName(key) ? key : shown(key)));
  return ["payload", ...keys].join(".");
}

function valueAt(payload: unknown, path: readonly PropertyKey[]): unknown {
  let value = payload;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    // Only own keys of what came as JSON are followed.
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
