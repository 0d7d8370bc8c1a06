import { parseArgs } from "node:util";
import { type Environment, renderHelp } from "@weir/config";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import type { ServiceDefinition } from "./service.ts";

type Described = Pick<ServiceDefinition<never>, "name" | "summary" | "settings" | "options">;

/** What the command line asks for. */
export interface CommandLine {
  help: boolean;
  /** The variables that its options stand for. */
  environment: Environment;
}

/** @throws Fault for an option that the service does not have. */
export function parseCommandLine(
  { name, options = {} }: Described,
  argv: readonly string[],
): CommandLine {
  const known = Object.keys(options).map((option) => [option, { type: "string" }] as const);
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...Object.fromEntries(known), help: { type: "boolean" } },
    });
    const { help, ...given } = values;
    const pairs = Object.entries(given).map(([option, value]) => [options[option], value]);
    return { help: help === true, environment: Object.fromEntries(pairs) };
  } catch (cause) {
    throw new Fault(errorMessage(cause), {
      remedy: `See ${name} --help.`,
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

/** The text of `--help`. */
export function renderUsage({ name, summary, settings, options = {} }: Described): string {
  const lines = Object.entries(options).map(
    ([option, variable]) => `  --${option} …  sets ${variable}`,
  );
  const usage = ["  --help", ...lines].join("\n");
  return `${name}: ${summary}\n\nOptions:\n${usage}\n\nSettings:\n${renderHelp(settings)}\n`;
}
