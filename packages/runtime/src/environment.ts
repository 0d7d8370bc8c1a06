import { readFileSync } from "node:fs";
import { textOf } from "@weir/protocol";
import { parse } from "dotenv";
import { EXIT_CODES, errorCode, Fault } from "./fault.ts";
import type { Setting, Settings, SettingValues } from "./setting.ts";

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A rule that several settings must satisfy together. */
export interface Rule<S extends Settings> {
  /** The settings that it compares. It is applied only when each of them is valid. */
  of: readonly (keyof S & string)[];
  /** `null`, or what is wrong and how to fix it. */
  problem: (values: SettingValues<S>) => string | null;
}

/** All problems of a configuration. */
export class ConfigurationFault extends Fault {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the configuration has ${problems.length} problem(s):\n  ${problems.join("\n  ")}`, {
      remedy:
        "Fix them in the environment, in .env or in the file that is named; .env.example and config/*.example.yaml describe every setting.",
      exitCode: EXIT_CODES.configuration,
    });
    this.problems = problems;
  }
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
 * Settings as an environment has them, valid or not. Readers of parts of a configuration share it, so that
 * every problem is found once and reported together with the others.
 */
export class CheckedSettings<S extends Settings> {
  readonly environment: Environment;
  /** One line for each: name, value and what is allowed. */
  readonly problems: readonly string[];
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(settings: S, environment: Environment, rules: readonly Rule<S>[] = []) {
    this.environment = environment;
    const values: Record<string, unknown> = {};
    const problems: string[] = [];
    for (const [name, setting] of Object.entries(settings)) {
      // An empty variable counts as unset.
      const given = environment[name]?.trim() || setting.default;
      const parsed =
        given === null ? { success: true, data: null } : setting.schema.safeParse(given);
      if (parsed.success) values[name] = parsed.data;
      else problems.push(describeProblem(name, given ?? "", setting));
    }
    this.#values = Object.freeze(values);
    for (const { of, problem } of rules) {
      const found = of.every((name) => name in values) ? problem(this.#all()) : null;
      if (found !== null) problems.push(found);
    }
    this.problems = problems;
  }

  /** @throws ConfigurationFault with every problem. */
  values(): SettingValues<S> {
    if (this.problems.length > 0) throw new ConfigurationFault(this.problems);
    return this.#all();
  }

  /** The values of some of the settings; `null` when one of them is wrong. */
  valuesOf<N extends Settings>(some: N): SettingValues<N> | null {
    const areValid = Object.keys(some).every((name) => name in this.#values);
    return areValid ? (this.#values as SettingValues<N>) : null;
  }

  /** Whether the environment has its own value, in place of the default. */
  isSet(name: keyof S & string): boolean {
    return Boolean(this.environment[name]?.trim());
  }

  #all(): SettingValues<S> {
    return this.#values as SettingValues<S>;
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
  return new CheckedSettings(settings, environment, rules).values();
}

function describeProblem(name: string, given: string, setting: Setting<unknown>): string {
  // Before an @ there may be a password.
  const shown = setting.secret ? "its value" : JSON.stringify(given.replace(/^.*@/s, "…@"));
  const issue = setting.schema.safeParse(given).error?.issues.find(({ code }) => code === "custom");
  const detail = issue === undefined ? "" : ` (${issue.message})`;
  return `${name}: ${shown} is not allowed; it must be ${setting.allowed}${detail}`;
}
