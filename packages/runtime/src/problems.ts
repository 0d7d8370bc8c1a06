import { z } from "zod";

/** The keys that lead to a part of a file: `["streams", "kitchen", "rotation"]`. */
export type Path = readonly string[];

/** Something in a file of settings, or in what comes of it, that cannot stay. */
export interface Problem {
  path: Path;
  /** What is wrong and how to mend it. */
  words: string;
  /** What it is about, where that is not what stands at its path. It is told when the form of each is sound. */
  of?: readonly Path[];
}

/** Those of the problems that are true whatever the doubtful parts of a file will say once they are mended. */
export function beyondDoubt(problems: readonly Problem[], doubtful: readonly Path[]): Problem[] {
  return problems.filter(
    ({ path, of = [path] }) => !of.some((one) => doubtful.some((other) => meet(one, other))),
  );
}

/** Whether one path leads to the other, or to a part of what that leads to. */
function meet(one: Path, other: Path): boolean {
  const shared = Math.min(one.length, other.length);
  return one.slice(0, shared).every((key, index) => key === other[index]);
}

const CHARACTERS_MAX = 80;

/** What stands at a path, for a message about it: a space and JSON, or nothing where that says little. */
export function shownValue(content: unknown, path: readonly string[]): string {
  if (path.length === 0) return "";
  const value = valueAt(content, path);
  if (value === undefined || value === null || typeof value === "object") return "";
  const text = JSON.stringify(value);
  // Whoever writes a password into the file by mistake must not find it in the log as well.
  const isSecret = path.at(-1)?.toLowerCase().includes("password") || /:\/\/.*@/.test(text);
  if (isSecret) return "";
  return text.length > CHARACTERS_MAX ? ` ${text.slice(0, CHARACTERS_MAX)}…` : ` ${text}`;
}

function valueAt(content: unknown, path: readonly string[]): unknown {
  let value = content;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    // Only own keys of what YAML gave us are followed.
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** The end of a sentence about a word that is none of those that there are: `; did you mean depth?` */
export function didYouMean(text: string, words: readonly string[]): string {
  const suggestion = suggestionFor(text, words);
  return suggestion === null ? "" : `; did you mean ${suggestion}?`;
}

/** The one of some words that a text was probably meant to be; `null` when none is like it. */
function suggestionFor(text: string, words: readonly string[]): string | null {
  const allowed = Math.max(1, Math.floor(text.length / 3));
  const [nearest] = words
    .map((word) => ({ word, edits: editsBetween(text.toLowerCase(), word.toLowerCase()) }))
    .filter(({ edits }) => edits <= allowed)
    .sort((a, b) => a.edits - b.edits);
  return nearest?.word ?? null;
}

const LENGTH_MAX = 40;

/** The edit distance of Levenshtein: how many letters are to be put in, taken out or changed. */
function editsBetween(from: string, to: string): number {
  if (from.length > LENGTH_MAX) return Number.POSITIVE_INFINITY;
  let above = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...from].entries()) {
    let left = row + 1;
    const current = [left];
    for (const [column, other] of [...to].entries()) {
      const changed = (above[column] ?? 0) + (letter === other ? 0 : 1);
      left = Math.min(left + 1, (above[column + 1] ?? 0) + 1, changed);
      current.push(left);
    }
    above = current;
  }
  return above.at(-1) ?? from.length;
}

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

/** JSON Schema; named are the words of it that are read. */
export interface Shape {
  properties?: Record<string, Shape>;
  additionalProperties?: Shape | boolean;
  anyOf?: Shape[];
  [word: string]: unknown;
}

/** JSON Schema of a file as it is written, for editors. */
export function fileJsonSchema(title: string, schema: z.ZodType): Shape {
  return { title, ...shapeOf(schema) };
}

/** A schema as JSON Schema; what that has no word for is left open. */
export function shapeOf(schema: z.ZodType): Shape {
  // A file of the user's own may have a zod of its own, which cannot be looked into.
  if (!("_zod" in schema)) return {};
  // The draft that editors know best.
  const written = z.toJSONSchema(schema, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
  });
  // It is made of JSON Schema's own words; the few that are read here are optional.
  return written as Shape;
}

/** The keys that may stand at a path. */
function keysAt(whole: Shape, path: readonly string[]): string[] {
  const at = path.reduce<Shape>((shape, key) => {
    const { properties, additionalProperties: others } = withKeys(shape);
    return properties?.[key] ?? (typeof others === "object" ? others : {});
  }, whole);
  return Object.keys(withKeys(at).properties ?? {});
}

/** Of several forms that which has keys. */
function withKeys(shape: Shape): Shape {
  return shape.anyOf?.find((one) => one.properties) ?? shape;
}

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
interface FormProblem extends Problem {
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
