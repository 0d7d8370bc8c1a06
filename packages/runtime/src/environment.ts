import { readFileSync, statSync } from "node:fs";
import { textOf } from "@weir/protocol";
import { populate } from "dotenv";
import { type EnvFile, parseEnvFile } from "./env-file.ts";
import { ConfigurationFault, EXIT_CODES, errorCode, Fault } from "./fault.ts";
import { shownLines } from "./problems.ts";
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
