import { ConfigurationFault } from "@weir/config";
import { checkContent, type FileFormat } from "./issues.ts";
import type { Problem } from "./problem.ts";
import { readYamlFile } from "./yaml-file.ts";

/** A file of settings whose keys and values are sound, each for itself. */
export interface SettingsFile<T> {
  content: T;
  /** @returns a fault with every problem in a line: file, line, path, value, words. */
  faultOf(problems: readonly Problem[]): ConfigurationFault;
}

const PROBLEMS_SHOWN_MAX = 100;

/**
 * Reads a YAML file of settings.
 *
 * @returns `null` when there is no such file.
 * @throws ConfigurationFault with every problem.
 */
export function readSettingsFile<T>(file: string, format: FileFormat<T>): SettingsFile<T> | null {
  const yaml = readYamlFile(file);
  if (yaml === null) return null;
  const { content, problems } = checkContent(yaml.content, format);
  if (content === null) throw faultOf(problems, yaml.describe);
  return { content, faultOf: (found) => faultOf(found, yaml.describe) };
}

/** What there is to say without a file. */
export function faultWithoutFile(problems: readonly Problem[]): ConfigurationFault {
  return faultOf(problems, ({ path, words }) => `${path.join(".")}: ${words}`);
}

function faultOf(
  problems: readonly Problem[],
  describe: (problem: Problem) => string,
): ConfigurationFault {
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).map(describe);
  const more = problems.length - shown.length;
  return new ConfigurationFault(more > 0 ? [...shown, `… and ${more} more`] : shown);
}
