import { dirname, resolve } from "node:path";
import { ConfigurationFault } from "./fault.ts";
import {
  type FileFormat,
  formProblems,
  isCertain,
  issueWords,
  type Path,
  type Problem,
} from "./problems.ts";
import type { CheckedSettings, Settings, SettingValues } from "./settings.ts";
import { readYamlFile } from "./yaml-file.ts";

/** A YAML file of a configuration. */
export interface ConfigFile<T> {
  /** The parts whose form is valid. */
  content: T;
  /** `null` when there is no file; then the content is that of an empty one. */
  name: string | null;
  /** The folder that relative paths in the file start from. */
  folder: string;
  /** File, line and path in one line, for problems that are found later. */
  whereIs(path: Path): string;
}

/**
 * Builds a configuration from settings and from the YAML file that one of them names. The default file is
 * optional; a file named explicitly must exist.
 *
 * @param needs the settings that `build` takes; it is not called while one of them is wrong.
 * @param build returns the configuration, and what is wrong with it beyond the form of the file.
 * @throws ConfigurationFault with every problem of the settings and, in its order, of the file: file, line,
 * path, value and remedy.
 */
export function readConfigFile<S extends Settings, T, C>(
  settings: CheckedSettings<S>,
  { variable, needs, format }: { variable: keyof S & string; needs: S; format: FileFormat<T> },
  build: (values: SettingValues<S>, file: ConfigFile<T>) => { config: C; problems: Problem[] },
): C {
  const name = settings.environment[variable]?.trim() || (needs[variable]?.default ?? "");
  const yaml = orProblems(() => readYamlFile(name), settings.problems);
  if (!yaml.exists && settings.isSet(variable)) {
    const missing = `${variable}: ${name} does not exist; create it, or unset ${variable}`;
    throw new ConfigurationFault([...settings.problems, missing]);
  }
  const { content, problems, invalidPaths } = checkContent(yaml.content, format);
  const linesOf = (found: readonly Problem[]): string[] => [
    ...settings.problems,
    ...yaml.describe([...problems, ...found.filter((one) => isCertain(one, invalidPaths))]),
  ];

  const values = settings.valuesOf(needs);
  if (values === null) throw new ConfigurationFault(linesOf([]));
  const built = orProblems(
    () =>
      build(values, {
        content: content ?? format.schema.parse({}),
        name: yaml.exists ? name : null,
        folder: resolve(dirname(name)),
        whereIs: yaml.whereIs,
      }),
    linesOf([]),
  );
  const lines = linesOf(built.problems);
  if (lines.length > 0) throw new ConfigurationFault(lines);
  return built.config;
}

/** Runs a step whose failure must not hide the problems that were found before it. */
function orProblems<R>(step: () => R, before: readonly string[]): R {
  try {
    return step();
  } catch (error) {
    if (error instanceof ConfigurationFault) {
      throw new ConfigurationFault([...before, ...error.problems]);
    }
    throw before.length > 0 ? new ConfigurationFault(before) : error;
  }
}

/**
 * Checks the form of a content.
 *
 * @param above the keys that lead to the content, when it is a part of a file.
 * @returns the parts that are valid, `null` where none is; the problems of the others; and the paths about
 * which nothing is known until these problems are fixed.
 */
export function checkContent<T>(
  content: unknown,
  format: FileFormat<T>,
  above: Path = [],
): { content: T | null; problems: Problem[]; invalidPaths: Path[] } {
  const parse = (some: unknown) => format.schema.safeParse(some, { error: issueWords });
  let valid = content;
  let parsed = parse(valid);
  const found = formProblems(parsed.error?.issues ?? [], format);
  // Without its wrong part, a value may be wrong in turn: it is left out as well, and not reported.
  while (!parsed.success) {
    const paths = formProblems(parsed.error.issues, format).map(({ path }) => path);
    const rest = without(valid, paths);
    if (rest === undefined || rest === valid) break;
    valid = rest;
    parsed = parse(valid);
  }
  const inFile = (path: Path): Path => [...above, ...path];
  return {
    content: parsed.success ? parsed.data : null,
    problems: found.map(({ path, words }) => ({ path: inFile(path), words })),
    invalidPaths: found.flatMap(({ path, meant = path }) => [inFile(path), inFile(meant)]),
  };
}

/**
 * A content without the parts at some paths. A list with such a part is removed as a whole, and so is an
 * object of which a required key is missing.
 *
 * @returns the content itself where there are no paths; `undefined` where nothing is left.
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
