import { type FileFormat, formProblems } from "./issues.ts";
import type { Path, Problem } from "./problem.ts";
import { without } from "./without.ts";
import { wordsFor } from "./words.ts";

/** What of a content is sound in form, and what is wrong with the rest. */
export interface Checked<T> {
  /** `null` where nothing is left. */
  content: T | null;
  problems: Problem[];
  /** What nothing can be told of until the problems are mended. */
  doubtful: Path[];
}

/** @param above the keys that lead to the content, when it is a part of a file. */
export function checkContent<T>(
  content: unknown,
  format: FileFormat<T>,
  above: Path = [],
): Checked<T> {
  const parse = (some: unknown) => format.schema.safeParse(some, { error: wordsFor });
  let sound = content;
  let parsed = parse(sound);
  const found = formProblems(parsed.error?.issues ?? [], format);
  // Without a part that is wrong, what holds it may be wrong in turn: it is left out as well, and not told.
  while (!parsed.success) {
    const paths = formProblems(parsed.error.issues, format).map(({ path }) => path);
    const rest = without(sound, paths);
    if (rest === undefined || rest === sound) break;
    sound = rest;
    parsed = parse(sound);
  }
  const inFile = (path: Path): Path => [...above, ...path];
  return {
    content: parsed.success ? parsed.data : null,
    problems: found.map(({ path, words }) => ({ path: inFile(path), words })),
    doubtful: found.flatMap(({ path, meant = path }) => [inFile(path), inFile(meant)]),
  };
}
