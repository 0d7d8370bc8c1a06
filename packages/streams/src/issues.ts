import type { z } from "zod";
import type { Problem } from "./problem.ts";
import { NAME_RULE, weirFile, weirFileJsonSchema } from "./schema.ts";
import { suggestionFor } from "./suggestion.ts";

type Issue = z.core.$ZodIssue;

/** What weir.yaml may hold, or every problem of what it does hold. */
export function checkContent(
  content: unknown,
): { content: z.infer<typeof weirFile>; problems: [] } | { content: null; problems: Problem[] } {
  const parsed = weirFile.safeParse(content, { error: wordsFor });
  return parsed.success
    ? { content: parsed.data, problems: [] }
    : { content: null, problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, [])) };
}

/** Words where the schema has none of its own: what is allowed, as an operator says it. */
function wordsFor(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `it must be ${TYPES[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `it must be one of ${issue.values.join(", ")}`;
    default:
      return undefined;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  object: "keys with values, one below the other",
  record: "names with what belongs to each, one below the other",
  boolean: "true or false",
  string: "text",
};

function problemsOf(issue: Issue, above: readonly string[]): Problem[] {
  const path = [...above, ...issue.path.map(String)];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ path: [...path, key], words: wordsForKey(key, path) }));
    case "invalid_key":
      return [{ path, words: NAME_RULE }];
    case "invalid_union": {
      const meant = issue.errors.find(isInside);
      if (meant !== undefined) return meant.flatMap((inner) => problemsOf(inner, path));
      return [
        {
          path,
          words:
            "it must be one of reading, json, number, text, raw, or avro with schemas and framing",
        },
      ];
    }
    default:
      return [{ path, words: issue.message }];
  }
}

/** Whether a form fits so far that only something inside it is wrong. */
function isInside(issues: readonly Issue[]): boolean {
  return issues.some(({ path, code }) => path.length > 0 || code === "unrecognized_keys");
}

function wordsForKey(key: string, path: readonly string[]): string {
  if (key === "password") {
    return "no password stands in this file; put it into a file (passwordFile) or a variable of the environment (passwordVariable)";
  }
  const suggestion = suggestionFor(key, keysAt(path));
  const meant = suggestion === null ? "" : `; did you mean ${suggestion}?`;
  return `there is no such key${meant} (config/weir.example.yaml has them all)`;
}

interface Shape {
  properties?: Record<string, Shape>;
  additionalProperties?: Shape | boolean;
  anyOf?: Shape[];
}

/** The keys that may stand at a path. */
function keysAt(path: readonly string[]): string[] {
  const at = path.reduce<Shape>(
    (shape, key) => {
      const { properties, additionalProperties: others } =
        shape.anyOf?.find((one) => one.properties) ?? shape;
      return properties?.[key] ?? (typeof others === "object" ? others : {});
    },
    // It is made of JSON Schema's own words; the few that are read here are optional.
    weirFileJsonSchema() as Shape,
  );
  return Object.keys((at.anyOf?.find((one) => one.properties) ?? at).properties ?? {});
}
