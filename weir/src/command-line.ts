import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import {
  type Bounds,
  type BrokerConfig,
  brokerConfig,
  brokerSettings,
  type Clock,
  DURATION_FORM,
  type Environment,
  EXIT_CODES,
  Fault,
  millisecondsOf,
  type ProcessConfig,
  parseDuration,
  printData,
  readSettings,
  renderHelp,
  runService,
  type Screen,
  type ServiceDefinition,
} from "@weir/runtime";
import type { Command } from "commander";

/** What a command gets from its process, or from a test. */
export interface Surroundings {
  environment: Environment;
  clock: Clock;
  out: Screen & Writable;
  err: Screen;
  /** Aborts when the command is to end; the reason is the name of the signal. Listens from the first call on. */
  stopSignal: () => AbortSignal;
}

/** The module of a command. It is loaded only when its command runs. */
export interface CommandModule {
  /** Adds arguments, options, examples and the action to a command that has its name and its summary. */
  define: (command: Command, surroundings: Surroundings) => void;
}

/** The values of a command's options by their names, such as `max-silence`. */
export interface Given {
  text(option: string): string | null;
  texts(option: string): readonly string[];
  has(option: string): boolean;
}

/** Runs one command; returns its exit code. */
type Run = (given: Given, ...operands: (string | undefined)[]) => Promise<number> | number;

/** Thrown for an exit code that is not 0, because commander ignores what an action returns. */
export class Ended extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`ended with ${exitCode}`);
    this.exitCode = exitCode;
  }
}

export function action(command: Command, run: Run): void {
  command.action(async (...received: unknown[]) => {
    // Commander passes the operands, then the options, then the command itself.
    const operands = received.slice(0, -2) as (string | undefined)[];
    const exitCode = await run(givenOf(command), ...operands);
    if (exitCode !== EXIT_CODES.ok) throw new Ended(exitCode);
  });
}

function givenOf(command: Command): Given {
  const values = new Map<string, unknown>(
    command.options.map((option) => [
      option.name(),
      command.getOptionValue(option.attributeName()),
    ]),
  );
  const texts = (name: string): readonly string[] => {
    const value = values.get(name);
    return Array.isArray(value) ? (value as string[]) : typeof value === "string" ? [value] : [];
  };
  return {
    text: (name) => texts(name).at(-1) ?? null,
    texts,
    has: (name) => values.get(name) === true,
  };
}

/** For an option that may be repeated. */
export const repeated = (value: string, earlier: readonly string[] = []): string[] => [
  ...earlier,
  value,
];

/** The end of a command's `--help`: examples, and what else it says. */
export function examples(command: Command, lines: readonly string[], notes = ""): void {
  const shown = lines.map((line) => `  weir ${line}`).join("\n");
  command.addHelpText("after", `\nExamples:\n${shown}${notes === "" ? "" : `\n\n${notes.trim()}`}`);
}

/** The path of a file of the repository. @throws Fault outside of a clone, as in the image. */
export function inClone(file: string): string {
  const path = join(import.meta.dirname, "../..", file);
  if (existsSync(path)) return path;
  throw new Fault("this command needs a clone of the repository, and there is none", {
    remedy: "Clone it, and run npx weir there.",
    exitCode: EXIT_CODES.unavailable,
  });
}

/** A fault of the command line that the parser cannot find. */
export function usageFault(message: string, remedy: string, cause?: unknown): Fault {
  return new Fault(message, { remedy, exitCode: EXIT_CODES.configuration, cause });
}

/** The exit code of a command that a signal has ended early, as shells have it. */
export function exitCodeOf({ reason }: AbortSignal): number {
  const number = (constants.signals as Record<string, number | undefined>)[String(reason)];
  return number === undefined ? EXIT_CODES.fault : 128 + number;
}

/** Prints a value for programs; `indent` makes it several lines. */
export function printJson(
  value: object,
  { to, indent = 0 }: { to: Surroundings["out"]; indent?: number },
): void {
  printData(`${JSON.stringify(value, null, indent)}\n`, { to });
}

/** A longer cell widens its own line only: a client may choose it, and would fill the screen with spaces. */
const COLUMN_WIDTH_MAX = 100;

/** Columns as wide as what is in them. (A table of cli-table3 takes the square of its lines in time.) */
export function columnsText(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, { length }] of row.entries()) {
      if (length <= COLUMN_WIDTH_MAX) widths[at] = Math.max(widths[at] ?? 0, length);
    }
  }
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export const BROKER_OPTION = [
  "--broker <url>",
  "URL or host of the broker, instead of BROKER and BROKER_URL; user and password come from BROKER_USERNAME and BROKER_PASSWORD or their files",
] as const;

const PROTOCOLS: ReadonlySet<string> = new Set(["mqtt:", "mqtts:", "ws:", "wss:"]);

/**
 * The broker of the environment, or the one that `--broker` names by its URL or host, with the
 * credentials and certificates of the environment. A password is refused and not repeated: every user of
 * the machine can read a command line, and the shell's history keeps it.
 *
 * @throws Fault, ConfigurationFault naming what is wrong.
 */
export function readBroker(given: Given, environment: Environment): BrokerConfig {
  const option = given.text("broker");
  if (option === null) return brokerConfig(readSettings(brokerSettings, environment));
  const text = option.includes("://") ? option : `mqtt://${option}`;
  const url = URL.parse(text);
  const username = decoded(url?.username);
  if (url === null || !PROTOCOLS.has(url.protocol) || url.hostname === "" || username === null) {
    const shown = text.replace(/^.*@/s, "…@");
    throw optionFault("broker", shown, "a URL that begins with mqtt://, mqtts://, ws:// or wss://");
  }
  if (url.password !== "") {
    throw usageFault(
      "--broker: a password does not belong on a command line",
      "Set BROKER_USERNAME and BROKER_PASSWORD, or BROKER_PASSWORD_FILE, in the environment or in .env, and leave them out here.",
    );
  }
  url.username = "";
  const named = username === "" ? {} : { BROKER_USERNAME: username };
  const settings = { ...environment, ...named, BROKER_URL: url.href };
  return brokerConfig(readSettings(brokerSettings, settings));
}

/** `null` for invalid percent-encoding. */
function decoded(part = ""): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/**
 * A length of time, as in files of settings.
 *
 * @returns milliseconds; `null` without the option.
 * @throws Fault for what is not one, or is out of bounds.
 */
export function readDuration(given: Given, option: string, { min, max }: Bounds): number | null {
  const text = given.text(option);
  if (text === null) return null;
  const ms = parseDuration(text);
  if (Number.isNaN(ms)) throw optionFault(option, text, DURATION_FORM);
  if (ms >= millisecondsOf(min) && ms <= millisecondsOf(max)) return ms;
  throw optionFault(option, text, `from ${min} to ${max}`);
}

const UNITS_MS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/**
 * A number in decimal notation.
 *
 * @returns `null` without the option.
 * @throws Fault for what is not one, or is out of bounds.
 */
export function readNumber(
  given: Given,
  option: string,
  { min, max, isWhole = false }: { min: number; max: number; isWhole?: boolean },
): number | null {
  const text = given.text(option);
  if (text === null) return null;
  const number = /^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max && (!isWhole || Number.isInteger(number))) return number;
  throw optionFault(option, text, `a${isWhole ? " whole" : ""} number from ${min} to ${max}`);
}

/** A length of time in the largest unit of which it is a whole number. */
export function durationText(ms: number): string {
  const [unit, unitMs] = UNITS_MS.find(([, size]) => ms > 0 && ms % size === 0) ?? ["ms", 1];
  return `${ms / unitMs}${unit}`;
}

/** A number with its thousands apart. */
export function grouped(number: number): string {
  return number.toLocaleString("en-US");
}

/** What is wrong with an option of a command: its name, its value and what is allowed. */
export function optionFault(option: string, value: string, allowed: string): Fault {
  return usageFault(
    `--${option}: ${JSON.stringify(value)} is not allowed`,
    `It must be ${allowed}. See --help.`,
  );
}

/**
 * A command that runs a service in this process, with the service's own options.
 *
 * @param defaults values of options that the command line does not give.
 */
export function serviceCommand<C extends { process: ProcessConfig }>(
  definition: ServiceDefinition<C>,
  lines: readonly string[],
  defaults: Readonly<Record<string, string>> = {},
): CommandModule {
  const { options = {}, settings, details = "" } = definition;
  return {
    define: (command) => {
      for (const [option, given] of Object.entries(options)) {
        const variable = typeof given === "string" ? given : given.variable;
        command.option(`--${option} <value>`, `sets ${variable}`);
      }
      examples(command, lines, `Settings:\n${renderHelp(settings)}\n\n${details}`);
      action(command, async (given) => {
        const argv = Object.keys(options).flatMap((option) => {
          const value = given.text(option) ?? defaults[option];
          return value === undefined ? [] : [`--${option}=${value}`];
        });
        return await runService(definition, argv);
      });
    },
  };
}
