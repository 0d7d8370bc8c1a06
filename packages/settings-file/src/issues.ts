import type { z } from "zod";
import { keysAt, shapeOf } from "./json-schema.ts";
import type { Problem } from "./problem.ts";
import { didYouMean } from "./suggestion.ts";
import { wordsFor } from "./words.ts";

type Issue = z.core.$ZodIssue;

/** What a file of settings may hold. */
export interface FileFormat<T> {
  schema: z.ZodType<T>;
  /** The file that shows every key, for who misspells one: `config/weir.example.yaml`. */
  example: string;
  /** Keys that people will try, and that are not there for a reason. */
  missingKeys?: Readonly<Record<string, string>>;
}

/** Sound content, or every problem of one that is not; never both. */
export type Checked<T> = { content: T; problems: [] } | { content: null; problems: Problem[] };

/** @param above the keys that lead to the content, when it is a part of a file. */
export function checkContent<T>(
  content: unknown,
  format: FileFormat<T>,
  above: readonly string[] = [],
): Checked<T> {
  const parsed = format.schema.safeParse(content, { error: wordsFor });
  if (parsed.success) return { content: parsed.data, problems: [] };
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, [], format));
  return {
    content: null,
    problems: problems.map(({ path, words }) => ({ path: [...above, ...path], words })),
  };
}

function problemsOf<T>(issue: Issue, above: readonly string[], format: FileFormat<T>): Problem[] {
  const path = [...above, ...issue.path.map(String)];
  switch (issue.code) {
    case "unrecognized_keys": {
      const keys = keysAt(shapeOf(format.schema), path);
      return issue.keys.map((key) => ({
        path: [...path, key],
        words: format.missingKeys?.[key] ?? wordsForUnknownKey(key, keys, format.example),
      }));
    }
    case "invalid_key":
      return [{ path, words: issue.issues[0]?.message ?? issue.message }];
    case "invalid_union": {
      const meant = issue.errors.find(isInside);
      if (meant === undefined) return [{ path, words: issue.message }];
      return meant.flatMap((inner) => problemsOf(inner, path, format));
    }
    default:
      return [{ path, words: issue.message }];
  }
}

/** Whether a form fits so far that only something inside it is wrong. */
function isInside(issues: readonly Issue[]): boolean {
  return issues.some(({ path, code }) => path.length > 0 || code === "unrecognized_keys");
}

/**
 * What is said of a key that is not there.
 *
 * @param keys those that are.
 */
export function wordsForUnknownKey(key: string, keys: readonly string[], example: string): string {
  return `there is no such key${didYouMean(key, keys)} (${example} has them all)`;
}
