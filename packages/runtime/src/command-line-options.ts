import { constants } from "node:os";
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { type BrokerConfig, brokerConfig, brokerSettings } from "./broker-settings.ts";
import { type Environment, readSettings } from "./environment.ts";
import { EXIT_CODES, errorMessage, Fault } from "./fault.ts";
import { print } from "./terminal.ts";
import { type Bounds, DURATION_FORM, millisecondsOf, parseDuration } from "./units.ts";

/** What a command was given: the values of its options by their names. */
export interface Given {
  text(option: string): string | null;
  texts(option: string): readonly string[];
  has(option: string): boolean;
}

/**
 * Takes a command line apart. A value may begin with a minus and a digit (`--from -2h`).
 *
 * @throws Fault for what is not an option of the command.
 */
export function parseArguments(argv: readonly string[], options: ParseArgsOptionsConfig): Given {
  try {
    const { values } = parseArgs({ args: joinNegativeValues(argv), options });
    const found: Record<string, unknown> = values;
    const texts = (option: string): readonly string[] => {
      const value = found[option];
      // By their definitions options are texts, lists of texts or flags.
      return Array.isArray(value) ? (value as string[]) : typeof value === "string" ? [value] : [];
    };
    return {
      text: (option) => texts(option).at(-1) ?? null,
      texts,
      has: (option) => found[option] === true,
    };
  } catch (cause) {
    throw new Fault(errorMessage(cause), {
      remedy: "See --help.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

function joinNegativeValues(argv: readonly string[]): string[] {
  const joined: string[] = [];
  for (const argument of argv) {
    const before = joined.at(-1);
    const isValue = /^-\d/.test(argument) && before !== undefined && /^--[a-z-]+$/.test(before);
    if (isValue) joined[joined.length - 1] = `${before}=${argument}`;
    else joined.push(argument);
  }
  return joined;
}

const PROTOCOLS: ReadonlySet<string> = new Set(["mqtt:", "mqtts:", "ws:", "wss:"]);

/**
 * The broker of the environment, or another one that `--broker` names by its URL or host, with the
 * credentials and certificates of the environment. What is on a command line is seen by every user of
 * the machine and kept in the shell's history, so a password is refused there, and not repeated.
 *
 * @throws Fault, ConfigurationFault naming what is wrong.
 */
export function readBroker(option: string | null, environment: Environment): BrokerConfig {
  if (option === null) return brokerConfig(readSettings(brokerSettings, environment));
  const { url, username, password } = parse(option.includes("://") ? option : `mqtt://${option}`);
  if (password !== null) {
    throw new Fault("--broker: a password does not belong on a command line", {
      remedy:
        "Set BROKER_USERNAME and BROKER_PASSWORD, or BROKER_PASSWORD_FILE, in the environment or in .env, and leave them out here.",
      exitCode: EXIT_CODES.configuration,
    });
  }
  const named = username === null ? {} : { BROKER_USERNAME: username };
  return brokerConfig(readSettings(brokerSettings, { ...environment, ...named, BROKER_URL: url }));
}

function parse(text: string): Omit<BrokerConfig, "tls"> {
  const url = URL.parse(text);
  const username = decoded(url?.username);
  const password = decoded(url?.password);
  const isSound = url !== null && PROTOCOLS.has(url.protocol) && url.hostname !== "";
  if (!isSound || username === null || password === null) {
    const shown = text.replace(/^.*@/s, "…@");
    throw optionFault("broker", shown, "a URL that begins with mqtt://, mqtts://, ws:// or wss://");
  }
  url.username = "";
  url.password = "";
  return { url: url.href, username: username || null, password: password || null };
}

/** `null` for what is not sound percent-encoding. */
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
 * @throws Fault for what is none, or out of bounds.
 */
export function readDuration(given: Given, option: string, { min, max }: Bounds): number | null {
  const text = given.text(option);
  if (text === null) return null;
  const ms = parseDuration(text);
  if (Number.isNaN(ms)) throw optionFault(option, text, DURATION_FORM);
  if (ms >= millisecondsOf(min) && ms <= millisecondsOf(max)) return ms;
  throw optionFault(option, text, `from ${min} to ${max}`);
}

/** A number with its thousands apart. */
export function grouped(number: number): string {
  return number.toLocaleString("en-US");
}

/** What is wrong with an option of a command: its name, its value and what is allowed. */
export function optionFault(option: string, value: string, allowed: string): Fault {
  return new Fault(`--${option}: ${JSON.stringify(value)} is not allowed`, {
    remedy: `It must be ${allowed}. See --help.`,
    exitCode: EXIT_CODES.configuration,
  });
}

/** The life of a command: its exit code is what `run` returns, or that of the fault it ends with. */
export async function runCommand(name: string, run: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await run();
  } catch (error) {
    const remedy = error instanceof Fault ? `\n${error.remedy}` : "";
    print(`${name}: ${errorMessage(error)}${remedy}\n`, { to: process.stderr });
    process.exitCode = error instanceof Fault ? error.exitCode : EXIT_CODES.fault;
  }
}

/** The exit code of a command that a signal has ended early, as shells have it. */
export function exitCodeOf(reason: string): number {
  const number = (constants.signals as Record<string, number | undefined>)[reason];
  return number === undefined ? EXIT_CODES.fault : 128 + number;
}
