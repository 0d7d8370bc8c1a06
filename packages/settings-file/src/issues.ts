import type { z } from "zod";
import { keysAt, type Shape, shapeOf } from "./json-schema.ts";
import type { Path, Problem } from "./problem.ts";
import { didYouMean, suggestionFor } from "./suggestion.ts";

type Issue = z.core.$ZodIssue;

/** What a file of settings may hold. */
export interface FileFormat<T> {
  /** It takes an empty file, too. */
  schema: z.ZodType<T>;
  /** The file that shows every key, for who misspells one: `config/weir.example.yaml`. */
  example: string;
  /** Keys that people will try, and that are not there for a reason. */
  missingKeys?: Readonly<Record<string, string>>;
}

/** A part of a file whose form is wrong. */
export interface FormProblem extends Problem {
  /** The key that stands there misspelled, as far as that can be guessed. */
  meant?: Path;
}

/** What zod has found, as an operator says it. */
export function formProblems<T>(issues: readonly Issue[], format: FileFormat<T>): FormProblem[] {
  let shape: Shape | null = null;
  // To write the schema down takes a while, and a file may have thousands of keys that are misspelled.
  const keysOf: KeysOf = (path) => {
    shape ??= shapeOf(format.schema);
    return keysAt(shape, path);
  };
  return issues.flatMap((issue) => problemsOf(issue, [], { ...format, keysOf }));
}

type KeysOf = (path: Path) => string[];
type Form = Pick<FileFormat<unknown>, "example" | "missingKeys"> & { keysOf: KeysOf };

function problemsOf(issue: Issue, above: Path, format: Form): FormProblem[] {
  const path = [...above, ...issue.path.map(String)];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(key, path, format));
    case "invalid_key":
      return [{ path, words: issue.issues[0]?.message ?? issue.message }];
    case "invalid_union": {
      const meant = issue.errors.find(isInside);
      return meant === undefined
        ? [{ path, words: issue.message }]
        : meant.flatMap((one) => problemsOf(one, path, format));
    }
    default:
      return [{ path, words: issue.message }];
  }
}

/** Whether a form fits so far that only something inside it is wrong. */
function isInside(issues: readonly Issue[]): boolean {
  return issues.some(({ path, code }) => path.length > 0 || code === "unrecognized_keys");
}

function unknownKey(key: string, at: Path, format: Form): FormProblem {
  const keys = format.keysOf(at);
  const words = format.missingKeys?.[key] ?? wordsForUnknownKey(key, keys, format.example);
  const meant = suggestionFor(key, keys);
  const problem = { path: [...at, key], words };
  return meant === null ? problem : { ...problem, meant: [...at, meant] };
}

/**
 * What is said of a key that is not there.
 *
 * @param keys those that are.
 */
export function wordsForUnknownKey(key: string, keys: readonly string[], example: string): string {
  return `there is no such key${didYouMean(key, keys)} (${example} has them all)`;
}
