import { readFileSync, statSync } from "node:fs";
import { textOf } from "@weir/protocol";
import { populate } from "dotenv";
import { type EnvFile, parseEnvFile } from "./env-file.ts";
import { ConfigurationFault, EXIT_CODES, errorCode, Fault } from "./fault.ts";
import { didYouMean, shownLines } from "./problems.ts";
import type { Environment } from "./settings.ts";

/**
 * The process's environment over the file `.env` of the working folder.
 *
 * @throws ConfigurationFault with every problem of the file, or Fault when it cannot be read.
 */
export function loadEnvironment(file = ".env", own: Environment = process.env): Environment {
  const environment = { ...own };
  populate(environment, readEnvFile(file, environment).values);
  return environment;
}

/** Variables that Compose and Docker read themselves. */
const READ_BY_DOCKER = /^(COMPOSE|DOCKER|BUILDX|BUILDKIT)_/;
/** First words of settings that begin many other variables, too. */
const COMMON_PREFIXES: readonly string[] = ["DB_", "HTTP_"];

/**
 * Warnings about names that look like those of settings and are none, and about what values in `.env` name and
 * nothing sets. In the environment, which has variables of others, a name must begin as settings do and resemble one.
 *
 * @param environment of `loadEnvironment`.
 * @param known the names of all settings, and of other variables that are read.
 * @param isEnvFile whether the environment has what is in `.env`, and little else, as in a container.
 * @throws as `loadEnvironment`.
 */
export function nameWarnings(
  environment: Environment,
  known: readonly string[],
  { file = ".env", isEnvFile = false }: { file?: string; isEnvFile?: boolean } = {},
): string[] {
  const { lines, used, warnings } = readEnvFile(file, environment);
  const prefixes = known.map((name) => name.replace(/_.*/, "_")).filter((one) => one.endsWith("_"));
  const hasPrefix = (name: string) => prefixes.some((prefix) => name.startsWith(prefix));
  const isCommon = (name: string) => COMMON_PREFIXES.some((prefix) => name.startsWith(prefix));
  const unknown = (name: string) => !known.includes(name) && !used.has(name);
  const keys = isEnvFile ? Object.keys(environment) : [...lines.keys()];
  const ofFile = keys
    .filter((key) => unknown(key) && !READ_BY_DOCKER.test(key))
    .map((key) => ({ key, meant: didYouMean(key, known) }))
    .filter(({ key, meant }) => meant !== "" || hasPrefix(key))
    .map(({ key, meant }) => {
      const line = lines.get(key);
      const words = meant || "; nothing reads it (.env.example has all settings)";
      return `${file}${line === undefined ? "" : `:${line}`}: ${key} is not a setting${words}`;
    });
  const ofProcess = Object.keys(environment)
    .filter((name) => unknown(name) && !keys.includes(name) && hasPrefix(name) && !isCommon(name))
    .map((name) => ({ name, meant: didYouMean(name, known) }))
    .filter(({ meant }) => meant !== "")
    .map(({ name, meant }) => `${name}, in the environment, is not a setting${meant}`);
  return [...warnings.map((one) => `${file}:${one}`), ...ofFile, ...ofProcess];
}

function readEnvFile(file: string, environment: Environment): EnvFile {
  const found = parseEnvFile(readText(file), environment);
  if (found.problems.length === 0) return found;
  throw new ConfigurationFault(shownLines(found.problems.map((problem) => `${file}:${problem}`)));
}

const FILE_BYTES_MAX = 1024 * 1024;

function readText(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > FILE_BYTES_MAX) throw new Error(`it is larger than ${FILE_BYTES_MAX} bytes`);
    return textOf(readFileSync(file));
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return "";
    throw new Fault(`${file} cannot be read`, {
      remedy: "Make it a readable text file, or remove it.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}
