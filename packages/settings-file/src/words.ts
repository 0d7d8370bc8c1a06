import type { z } from "zod";

/** Words where a schema has none of its own: what is allowed, as an operator says it. */
export function wordsFor(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type": {
      const allowed = `it must be ${TYPES[issue.expected] ?? issue.expected}`;
      return issue.input === undefined ? `it is missing; ${allowed}` : allowed;
    }
    case "invalid_value":
      return `it must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.join(", ")}`;
    case "too_small":
      return boundWords(issue.origin, issue.inclusive ? "at least" : "more than", issue.minimum);
    case "too_big":
      return boundWords(issue.origin, issue.inclusive ? "at most" : "less than", issue.maximum);
    default:
      return undefined;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  object: "keys with values, one below the other",
  record: "names with what belongs to each, one below the other",
  boolean: "true or false",
  string: "text",
  number: "a number",
  int: "a whole number",
  array: "a list: [a, b]",
};

const COUNTED: Readonly<Record<string, string>> = { string: "characters", array: "entries" };

function boundWords(origin: string, relation: string, bound: number | bigint): string {
  const counted = COUNTED[origin];
  return counted === undefined
    ? `it must be ${relation} ${bound}`
    : `it must have ${relation} ${bound} ${counted}`;
}
