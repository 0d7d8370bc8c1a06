import { type ConfigurationFault, readTogether } from "./environment.ts";
import {
  beyondDoubt,
  type FileFormat,
  formProblems,
  type Path,
  type Problem,
  wordsFor,
} from "./problems.ts";
import { faultOf, readYamlFile } from "./yaml-file.ts";

/** A file of settings. What is wrong with its form is told together with what is found in what comes of it. */
export interface SettingsFile<T> {
  /** What of it is sound in form. Nobody goes on with it before `throwProblems` has let it pass. */
  content: T;
  /**
   * A fault with every problem in a line (file, line, path, value, words), in the order of the file; `null`
   * where there is none.
   *
   * @param found in what comes of the content.
   */
  faultOf(found: readonly Problem[]): ConfigurationFault | null;
  /** File, line and path, for what is found only when what comes of the content is used. */
  whereIs(path: Path): string;
}

/**
 * Reads a YAML file of settings.
 *
 * @returns `null` when there is no such file.
 * @throws ConfigurationFault when it cannot be read, or is no YAML.
 */
export function readSettingsFile<T>(file: string, format: FileFormat<T>): SettingsFile<T> | null {
  const yaml = readYamlFile(file);
  if (yaml === null) return null;
  const { content, problems, doubtful } = checkContent(yaml.content, format);
  return {
    content: content ?? format.schema.parse({}),
    whereIs: yaml.whereIs,
    faultOf: (found) => {
      const all = [...problems, ...beyondDoubt(found, doubtful)];
      const placed = all.map((problem) => ({ problem, at: yaml.positionOf(problem.path) }));
      placed.sort((one, other) => one.at - other.at);
      return faultOf(placed.map(({ problem }) => yaml.describe(problem)));
    },
  };
}

/**
 * What settings and a file say, both for themselves. With settings that are wrong nothing comes of the file;
 * what is wrong with its form is told beside them.
 *
 * @throws ConfigurationFault
 */
export function readBeside<V, T>(
  readValues: () => V,
  readFile: () => SettingsFile<T> | null,
): readonly [V, SettingsFile<T> | null] {
  try {
    return readTogether<[V, SettingsFile<T> | null]>(readValues, readFile);
  } catch (error) {
    readTogether(readValues, () => throwProblems(readFile(), []));
    throw error;
  }
}

/**
 * @param file `null` where there is none: then there is no line to tell.
 * @param found in what comes of it.
 * @throws ConfigurationFault with these and with what is wrong with the form of the file.
 */
export function throwProblems(file: SettingsFile<unknown> | null, found: readonly Problem[]): void {
  const fault =
    file === null
      ? faultOf(found.map(({ path, words }) => `${path.join(".")}: ${words}`))
      : file.faultOf(found);
  if (fault !== null) throw fault;
}

/** What of a content is sound in form, and what is wrong with the rest. */
interface Checked<T> {
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

/**
 * A content without the parts that some paths lead to. Of a list with such a part nothing is left, and
 * nothing of keys with values when one of the paths leads to a key that is missing.
 *
 * @returns the content itself without paths; `undefined` where nothing is left.
 */
function without(content: unknown, paths: readonly Path[]): unknown {
  if (paths.length === 0) return content;
  if (typeof content !== "object" || content === null || Array.isArray(content)) return undefined;
  const below = Map.groupBy(paths, ([key]) => key);
  const isThere = (key: string | undefined) => key !== undefined && Object.hasOwn(content, key);
  if (![...below.keys()].every(isThere)) return undefined;
  const rest = Object.entries(content).map(([key, value]) => {
    const inside = (below.get(key) ?? []).map((path) => path.slice(1));
    return [key, without(value, inside)] as const;
  });
  return Object.fromEntries(rest.filter(([, value]) => value !== undefined));
}
