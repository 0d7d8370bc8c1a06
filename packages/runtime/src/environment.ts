import { readFileSync } from "node:fs";
import { textOf } from "@weir/protocol";
import { parse } from "dotenv";
import { EXIT_CODES, errorCode, Fault } from "./fault.ts";
import type { Setting, Settings, SettingValues } from "./setting.ts";

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Something that several settings must agree on. */
export interface Rule<S extends Settings> {
  /** The settings that it compares; it is asked only when each of them is sound. */
  of: readonly (keyof S & string)[];
  /** `null`, or what is wrong and how to mend it. */
  problem: (values: SettingValues<S>) => string | null;
}

/** Every problem of a configuration at once. */
export class ConfigurationFault extends Fault {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the configuration has ${problems.length} problem(s):\n  ${problems.join("\n  ")}`, {
      remedy:
        "Mend them in the environment, in .env or in the file that is named; .env.example and config/*.example.yaml describe every setting.",
      exitCode: EXIT_CODES.configuration,
    });
    this.problems = problems;
  }
}

/**
 * What several readers read. One that fails does not keep the others from telling what they find.
 *
 * @throws ConfigurationFault with the problems of all of them, each once.
 */
export function readTogether<T extends readonly unknown[]>(
  ...readers: { [K in keyof T]: () => T[K] }
): T {
  const problems = new Set<string>();
  const values = readers.map((read) => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigurationFault)) throw error;
      for (const problem of error.problems) problems.add(problem);
      return null;
    }
  });
  if (problems.size > 0) throw new ConfigurationFault([...problems]);
  // No reader has failed, so each value is what its reader returned.
  return values as unknown as T;
}

/** The process's environment over the file `.env` of the working folder. */
export function loadEnvironment(file = ".env"): Environment {
  return { ...readDotenv(file), ...process.env };
}

function readDotenv(file: string): Environment {
  try {
    return parse(textOf(readFileSync(file)));
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return {};
    throw new Fault(`${file} cannot be read`, {
      remedy: "Make it a readable text file, or remove it.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

/**
 * Reads settings from an environment. An empty variable counts as unset.
 *
 * @throws ConfigurationFault with every problem: name, value and what is allowed.
 */
export function readSettings<S extends Settings>(
  settings: S,
  environment: Environment,
  rules: readonly Rule<S>[] = [],
): SettingValues<S> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];

  for (const [name, setting] of Object.entries(settings)) {
    const given = environment[name]?.trim() || setting.default;
    const parsed = given === null ? { success: true, data: null } : setting.schema.safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(describeProblem(name, given ?? "", setting));
  }

  for (const rule of rules) {
    if (!rule.of.every((name) => name in values)) continue;
    const problem = rule.problem(values as SettingValues<S>);
    if (problem !== null) problems.push(problem);
  }

  if (problems.length > 0) throw new ConfigurationFault(problems);
  return Object.freeze(values) as SettingValues<S>;
}

function describeProblem(name: string, given: string, setting: Setting<unknown>): string {
  // Before an @ there may be a password.
  const shown = setting.secret ? "its value" : JSON.stringify(given.replace(/^.*@/s, "…@"));
  const issue = setting.schema.safeParse(given).error?.issues.find(({ code }) => code === "custom");
  const detail = issue === undefined ? "" : ` (${issue.message})`;
  return `${name}: ${shown} is not allowed; it must be ${setting.allowed}${detail}`;
}
