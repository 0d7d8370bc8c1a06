import { z } from "zod";
import { ConfigurationFault } from "./fault.ts";

/** One environment variable: how it is read, what it is for, what is allowed. */
interface Setting<T> {
  schema: z.ZodType<T, string>;
  /** The text that stands for an unset or empty variable; `null` makes the setting optional. */
  default: string | null;
  /** A sentence for `.env.example` and `--help`. */
  description: string;
  /** What is allowed, as it completes "must be …". */
  allowed: string;
  /** Whether the value must never be shown. */
  secret?: boolean;
  /** Its heading in `.env.example`. */
  section: string;
}

/** Settings by the names of their environment variables. */
// biome-ignore lint/suspicious/noExplicitAny: a record of settings of any type; `SettingValues` gives each its own back.
export type Settings = Record<string, Setting<any>>;

/** The values of settings, by the names of their variables. */
export type SettingValues<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** A setting without its section. */
export type Draft<T> = Omit<Setting<T>, "section">;

/** Assigns settings to a section. */
export function section<D extends Record<string, Draft<unknown>>>(
  title: string,
  drafts: D,
): { [K in keyof D]: D[K] & { section: string } } {
  const stamped = Object.entries(drafts).map(([name, draft]) => [
    name,
    { ...draft, section: title },
  ]);
  return Object.fromEntries(stamped);
}

interface WholeNumber {
  description: string;
  min: number;
  max: number;
}

/** A whole number between two bounds, both included. The variable's name ends with its unit. */
export function integer({
  default: value,
  ...options
}: WholeNumber & { default: number }): Draft<number> {
  return { ...wholeNumber(options), default: String(value) };
}

/** A whole number that may be left out. */
export function optionalInteger(options: WholeNumber): Draft<number | null> {
  return wholeNumber(options);
}

function wholeNumber({ description, min, max }: WholeNumber): Draft<number> {
  const digits = z.string().regex(/^[+-]?\d{1,15}$/);
  return {
    schema: digits.transform(Number).pipe(z.int().min(min).max(max)),
    default: null,
    description,
    allowed: `a whole number from ${min} to ${max}`,
  };
}

/** One of a few words. */
export function choice<const W extends readonly [string, ...string[]]>({
  of,
  ...described
}: {
  description: string;
  default: W[number];
  of: W;
}): Draft<W[number]> {
  return { schema: z.enum(of), allowed: `one of ${of.join(", ")}`, ...described };
}

interface Text {
  description: string;
  allowed?: string;
  secret?: boolean;
  pattern?: RegExp;
  /** What is wrong with a text, or `null`. */
  problem?: (text: string) => string | null;
}

export function text({ default: value, ...options }: Text & { default: string }): Draft<string> {
  return { ...anyText(options), default: value };
}

/** Text that may be left out. */
export function optionalText(options: Text): Draft<string | null> {
  return anyText(options);
}

function anyText({ pattern = /^/, problem, allowed = "text", ...described }: Text): Draft<string> {
  const schema = z
    .string()
    .regex(pattern)
    .superRefine((given, context) => {
      const message = problem?.(given) ?? null;
      if (message !== null) context.addIssue({ code: "custom", message });
    });
  return { schema, default: null, allowed, ...described };
}

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A rule that several settings must satisfy together. */
export interface Rule<S extends Settings> {
  /** The settings that it compares. It is applied only when each of them is valid. */
  of: readonly (keyof S & string)[];
  /** `null`, or what is wrong and how to fix it. */
  problem: (values: SettingValues<S>) => string | null;
}

/**
 * Settings as an environment has them, valid or not. Readers of parts of a configuration share it, so that
 * every problem is found once and reported together with the others.
 */
export class CheckedSettings<S extends Settings> {
  readonly environment: Environment;
  /** One line for each: name, value and what is allowed. */
  readonly problems: readonly string[];
  /** Only those that are valid. */
  readonly #values: SettingValues<S>;

  constructor(settings: S, environment: Environment, rules: readonly Rule<S>[] = []) {
    this.environment = environment;
    const values: Record<string, unknown> = {};
    const problems: string[] = [];
    for (const [name, setting] of Object.entries(settings)) {
      // An empty variable counts as unset.
      const given = environment[name]?.trim() || setting.default;
      const { data = null, error } = given === null ? {} : setting.schema.safeParse(given);
      if (error) problems.push(problemOf(name, given ?? "", setting, error));
      else values[name] = data;
    }
    this.#values = Object.freeze(values) as SettingValues<S>;
    for (const { of, problem } of rules) {
      const found = of.every((name) => name in values) ? problem(this.#values) : null;
      if (found !== null) problems.push(found);
    }
    this.problems = problems;
  }

  /** @throws ConfigurationFault with every problem. */
  values(): SettingValues<S> {
    if (this.problems.length > 0) throw new ConfigurationFault(this.problems);
    return this.#values;
  }

  /** The values of some of the settings; `null` when one of them is wrong. */
  valuesOf<N extends Settings>(some: N): SettingValues<N> | null {
    const values: Readonly<Record<string, unknown>> = this.#values;
    const areValid = Object.keys(some).every((name) => name in values);
    return areValid ? (values as SettingValues<N>) : null;
  }

  /** Whether the environment has its own value, in place of the default. */
  isSet(name: keyof S & string): boolean {
    return Boolean(this.environment[name]?.trim());
  }
}

function problemOf(
  name: string,
  given: string,
  { secret, allowed }: Setting<unknown>,
  { issues }: z.ZodError,
): string {
  // Before an @ there may be a password.
  const shown = secret ? "its value" : JSON.stringify(given.replace(/^.*@/s, "…@"));
  const issue = issues.find(({ code }) => code === "custom");
  const detail = issue === undefined ? "" : ` (${issue.message})`;
  return `${name}: ${shown} is not allowed; it must be ${allowed}${detail}`;
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

const PREAMBLE = `# Every setting of Weir, with its default. Copy this file to .env, take the # from the lines that
# you change, and change them. The process's own environment wins over .env; an empty value means
# the default. A value with $, quotes or " #" in it is written in single quotes.
# Generated from the settings of the services: npm run env-example
`;

/** The text of `.env.example`: each setting once, under its section, in the order of first appearance. */
export function renderEnvExample(all: readonly Settings[]): string {
  const settings = Object.assign({}, ...all) as Settings;
  const sections = Map.groupBy(Object.entries(settings), ([, setting]) => setting.section);
  const blocks = [...sections].map(([title, entries]) =>
    [`\n# --- ${title} ---`, ...entries.map(([name, setting]) => renderEntry(name, setting))].join(
      "\n",
    ),
  );
  return `${PREAMBLE}${blocks.join("\n")}\n`;
}

function renderEntry(name: string, setting: Setting<unknown>): string {
  return `# ${setting.description}\n# Allowed: ${setting.allowed}.\n#${name}=${setting.default ?? ""}`;
}

/** The settings of one service, as `--help` prints them. */
export function renderHelp(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, { default: value, description, allowed }]) => {
      const shown = value === null ? "not set" : `default ${value === "" ? '""' : value}`;
      return `  ${name}  (${shown})\n      ${description} Allowed: ${allowed}.`;
    })
    .join("\n");
}
