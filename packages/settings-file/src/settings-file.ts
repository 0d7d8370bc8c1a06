import { type ConfigurationFault, readTogether } from "@weir/config";
import { checkContent } from "./check-content.ts";
import { beyondDoubt } from "./doubt.ts";
import type { FileFormat } from "./issues.ts";
import type { Path, Problem } from "./problem.ts";
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
