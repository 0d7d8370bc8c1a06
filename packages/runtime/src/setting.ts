import { z } from "zod";

/** One environment variable: how it is read, what it is for, what is allowed. */
export interface Setting<T> {
  schema: z.ZodType<T, string>;
  /** The text that stands for an unset or empty variable; `null` makes the setting optional. */
  default: string | null;
  /** A sentence for `.env.example` and `--help`. */
  description: string;
  /** What is allowed, as it completes "must be …". */
  allowed: string;
  /** Whether the value must never be shown. */
  secret: boolean;
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

type Description = Pick<Setting<unknown>, "description">;
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

/** A whole number between two bounds, both included. The variable's name ends with its unit. */
export function integer(
  options: Description & { default: number; min: number; max: number },
): Draft<number> {
  return { ...integerWithin(options), default: String(options.default) };
}

/** A whole number that may be left out. */
export function optionalInteger(
  options: Parameters<typeof integerWithin>[0],
): Draft<number | null> {
  return integerWithin(options);
}

function integerWithin({
  description,
  min,
  max,
}: Description & { min: number; max: number }): Draft<number> {
  return {
    schema: z
      .string()
      .regex(/^[+-]?\d{1,15}$/)
      .transform(Number)
      .pipe(z.int().min(min).max(max)),
    default: null,
    description,
    allowed: `a whole number from ${min} to ${max}`,
    secret: false,
  };
}

/** One of a few words. */
export function choice<const W extends readonly [string, ...string[]]>(
  options: Description & { default: W[number]; of: W },
): Draft<W[number]> {
  return {
    schema: z.enum(options.of),
    default: options.default,
    description: options.description,
    allowed: `one of ${options.of.join(", ")}`,
    secret: false,
  };
}

/** Text; `problem` returns what is wrong with it, or `null`. */
export function text(
  options: Description & {
    default: string;
    allowed?: string;
    problem?: (text: string) => string | null;
  },
): Draft<string> {
  return {
    schema: z.string().superRefine(refined(options.problem)),
    default: options.default,
    description: options.description,
    allowed: options.allowed ?? "text",
    secret: false,
  };
}

/** Text that may be left out. */
export function optionalText(
  options: Description & {
    allowed: string;
    secret?: boolean;
    pattern?: RegExp;
    problem?: (text: string) => string | null;
  },
): Draft<string | null> {
  return {
    schema: z
      .string()
      .regex(options.pattern ?? /^/)
      .superRefine(refined(options.problem)),
    default: null,
    description: options.description,
    allowed: options.allowed,
    secret: options.secret ?? false,
  };
}

function refined(
  problemOf: (text: string) => string | null = () => null,
): (text: string, context: z.RefinementCtx) => void {
  return (text, context) => {
    const problem = problemOf(text);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  };
}

const PREAMBLE = `# Every setting of Weir, with its default. Copy this file to .env, take the # from the lines that
# you change, and change them. The process's own environment wins over .env; an empty value means
# the default.
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
