import { z } from "zod";

/** The keys that lead to a part of a file or payload: `["streams", "kitchen", "rotation"]`. */
export type Path = readonly string[];

/** Something that is wrong in a configuration file or payload. */
export interface Problem {
  path: Path;
  /** What is wrong and how to fix it. */
  words: string;
  /** The parts that it follows from, where these are not `path`. It is reported only if their form is valid. */
  of?: readonly Path[];
}

/** What a file or payload may hold. */
export interface FileFormat<T> {
  /** A file's schema accepts an empty file. */
  schema: z.ZodType<T>;
  /** The file that shows every key, for an unknown key: `config/weir.example.yaml`. */
  example?: string;
  /** Words for keys that users are likely to try, and that are missing for a reason. */
  missingKeys?: Readonly<Record<string, string>>;
}

/** A part whose form is wrong. */
interface FormProblem extends Problem {
  /** The key that is probably meant by one that does not exist. */
  meant?: Path;
}

/** What zod has found, in words for an operator. */
export function formProblems<T>(
  issues: readonly z.core.$ZodIssue[],
  format: FileFormat<T>,
): FormProblem[] {
  let jsonSchema: ReturnType<typeof jsonSchemaOf> | null = null;

  function unknownKey(key: string, at: Path): FormProblem {
    // A file may have thousands of unknown keys, and the schema takes a while to convert.
    jsonSchema ??= jsonSchemaOf(format.schema);
    const keys = keysAt(jsonSchema, at);
    const words = format.missingKeys?.[key] ?? wordsForUnknownKey(key, keys, format.example);
    const meant = suggestionFor(key, keys);
    return { path: [...at, key], words, ...(meant !== null && { meant: [...at, meant] }) };
  }

  function problemsOf(issue: z.core.$ZodIssue, above: Path): FormProblem[] {
    const path = [...above, ...issue.path.map(String)];
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => unknownKey(key, path));
      case "invalid_key":
        return [{ path, words: issue.issues[0]?.message ?? issue.message }];
      case "invalid_union": {
        const every = issue.message === NO_WORDS ? issue.errors.flat() : [];
        const meant = issue.errors.find(isInside) ?? every;
        return meant.length === 0
          ? [{ path, words: issue.message }]
          : meant.flatMap((one) => problemsOf(one, path));
      }
      default:
        return [{ path, words: issue.message }];
    }
  }

  return issues.flatMap((issue) => problemsOf(issue, []));
}

/** zod's message for a union without its own message. */
const NO_WORDS = "Invalid input";

/** Whether this option of a union is meant: a value has its form, and only something inside it is wrong. */
function isInside(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.some(
    ({ path, code }) => path.length > 0 || code === "unrecognized_keys" || code === "custom",
  );
}

const KEYS_SHOWN_MAX = 15;

/** @param keys the keys that exist. */
export function wordsForUnknownKey(key: string, keys: readonly string[], example?: string): string {
  const where = example === undefined ? "" : ` (${example} has them all)`;
  const similar = didYouMean(key, keys);
  const all =
    similar === "" && where === "" && keys.length > 0 && keys.length <= KEYS_SHOWN_MAX
      ? `; there are ${keys.join(", ")}`
      : "";
  return `there is no such key${similar}${all}${where}`;
}

/** Whether a problem remains whatever the parts whose form is wrong will hold once they are fixed. */
export function isCertain({ path, of = [path] }: Problem, invalidPaths: readonly Path[]): boolean {
  return !of.some((one) => invalidPaths.some((other) => overlap(one, other)));
}

/** Whether one path leads to the other, or to a part of it. */
function overlap(one: Path, other: Path): boolean {
  return one.every((key, index) => index >= other.length || key === other[index]);
}

const CHARACTERS_MAX = 80;

/** The value at a path, for a message about it: a space and JSON, or nothing where that says little. */
export function shownValue(content: unknown, path: Path): string {
  if (path.length === 0) return "";
  const value = valueAt(content, path);
  if (value === undefined || value === null || typeof value === "object") return "";
  const text = JSON.stringify(value);
  // A password that is in the file by mistake must not get into the log as well.
  const isSecret = path.at(-1)?.toLowerCase().includes("password") || /:\/\/.*@/.test(text);
  if (isSecret) return "";
  return text.length > CHARACTERS_MAX ? ` ${text.slice(0, CHARACTERS_MAX)}…` : ` ${text}`;
}

/** The value at a path; `undefined` where there is none. */
export function valueAt(content: unknown, path: Path): unknown {
  let value = content;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    // Only own keys of parsed YAML or JSON are followed.
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

const LINES_MAX = 100;

/** The first hundred lines, and how many more there are. */
export function shownLines(lines: readonly string[]): readonly string[] {
  const more = lines.length - LINES_MAX;
  return more > 0 ? [...lines.slice(0, LINES_MAX), `… and ${more} more`] : lines;
}

/** What is allowed, where a schema has no message. An error map for zod. */
export function issueWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type": {
      const allowed = `it must be ${TYPES[issue.expected] ?? issue.expected}`;
      if (issue.input === undefined) return `it is missing; ${allowed}`;
      // What {{value}} is without quotes.
      const isUnquoted = issue.expected === "string" && isBraced(issue.input);
      return isUnquoted ? `${allowed}; one that begins with { needs quotes: "{{value}}"` : allowed;
    }
    case "invalid_value":
      return `it must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.join(", ")}`;
    case "too_small":
      return boundWords(issue.origin, issue.inclusive ? "at least" : "more than", issue.minimum);
    case "not_multiple_of":
      return `it must be a multiple of ${issue.divisor}`;
    case "too_big":
      return boundWords(issue.origin, issue.inclusive ? "at most" : "less than", issue.maximum);
    default:
      return undefined;
  }
}

function isBraced(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const TYPES: Readonly<Record<string, string>> = {
  object: "keys with values: {a: 1, b: 2}",
  record: "names with what belongs to each, one below the other",
  boolean: "true or false",
  string: "text",
  number: "a number",
  int: "a whole number",
  array: "a list: [a, b]",
  null: "left out",
};

const COUNTED: Readonly<Record<string, string>> = { string: "characters", array: "entries" };

function boundWords(origin: string, relation: string, bound: number | bigint): string {
  const counted = COUNTED[origin];
  return counted === undefined
    ? `it must be ${relation} ${bound}`
    : `it must have ${relation} ${bound} ${counted}`;
}

/** The end of a sentence about an unknown word: `; did you mean depth?`, or nothing. */
export function didYouMean(text: string, words: readonly string[]): string {
  const suggestion = suggestionFor(text, words);
  return suggestion === null ? "" : `; did you mean ${suggestion}?`;
}

/** The word that is probably meant; `null` when none is similar. */
function suggestionFor(text: string, words: readonly string[]): string | null {
  const allowed = Math.max(1, Math.floor(text.length / 3));
  const [nearest] = words
    // Words of outside may be many and long: most need no closer look.
    .filter(({ length }) => Math.abs(length - text.length) <= allowed)
    .map((word) => ({ word, edits: editsBetween(text.toLowerCase(), word.toLowerCase()) }))
    .filter(({ edits }) => edits <= allowed)
    .sort((a, b) => a.edits - b.edits);
  return nearest?.word ?? null;
}

const LENGTH_MAX = 40;

/** The edit distance of Levenshtein: how many letters to insert, remove or replace. */
function editsBetween(from: string, to: string): number {
  if (from.length > LENGTH_MAX) return Number.POSITIVE_INFINITY;
  const [letters, others] = withoutCommonEnds([...from], [...to]);
  let above = Array.from({ length: others.length + 1 }, (_, index) => index);
  for (const [row, letter] of letters.entries()) {
    let left = row + 1;
    const current = [left];
    for (const [column, other] of others.entries()) {
      const changed = (above[column] ?? 0) + (letter === other ? 0 : 1);
      left = Math.min(left + 1, (above[column + 1] ?? 0) + 1, changed);
      current.push(left);
    }
    above = current;
  }
  return above.at(-1) ?? letters.length;
}

/** What two words have in common at their ends needs no edit; names of one system often begin alike. */
function withoutCommonEnds(one: string[], other: string[]): [string[], string[]] {
  let begin = 0;
  while (begin < one.length && one[begin] === other[begin]) begin += 1;
  let end = 0;
  const endMax = Math.min(one.length, other.length) - begin;
  while (end < endMax && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  return [one.slice(begin, one.length - end), other.slice(begin, other.length - end)];
}

/** JSON Schema, as far as it is read here; other keywords pass through. */
export interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  anyOf?: JsonSchema[];
  [keyword: string]: unknown;
}

/** The JSON Schema of what a zod schema takes. What has no keyword there is left open. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  // A plugin may bring another zod, whose schemas cannot be read.
  if (!("_zod" in schema)) return {};
  // Editors support this draft best.
  const options = { io: "input", target: "draft-7", unrepresentable: "any" } as const;
  // The type of zod's result has no index signature; its keys are JSON Schema's.
  return z.toJSONSchema(schema, options) as JsonSchema;
}

/** The keys that may stand at a path. */
function keysAt(schema: JsonSchema, path: readonly string[]): string[] {
  const at = path.reduce((shape, key) => {
    const { properties, additionalProperties: others } = withKeys(shape);
    return properties?.[key] ?? (typeof others === "object" ? others : {});
  }, schema);
  return Object.keys(withKeys(at).properties ?? {});
}

/** Of several forms the one that has keys. */
function withKeys(schema: JsonSchema): JsonSchema {
  return schema.anyOf?.find(({ properties }) => properties) ?? schema;
}
