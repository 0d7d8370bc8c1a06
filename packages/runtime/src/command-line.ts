import { parseArgs } from "node:util";
import type { Environment } from "./environment.ts";
import { EXIT_CODES, errorMessage, Fault } from "./fault.ts";
import type { Option, ServiceDefinition } from "./service.ts";
import { renderHelp } from "./setting.ts";

type Described = Pick<
  ServiceDefinition<never>,
  "name" | "summary" | "settings" | "options" | "details"
>;

/**
 * The command line of a service: the variables that its options stand for.
 *
 * @throws Fault for an unknown option, or a value that an option refuses.
 */
export function parseCommandLine(
  { name, options = {} }: Described,
  argv: readonly string[],
): { help: boolean; environment: Environment } {
  const known = Object.keys(options).map((option) => [option, { type: "string" }] as const);
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...Object.fromEntries(known), help: { type: "boolean" } },
    });
    const { help, ...given } = values;
    const environment: Record<string, string> = {};
    for (const [option, value] of Object.entries(given)) {
      const { variable, problem } = described(options[option] ?? option);
      // All of them but --help are texts.
      const text = String(value);
      const words = problem(text);
      if (words !== null) throw new Error(`--${option}: ${words}`);
      environment[variable] = text;
    }
    return { help: help === true, environment };
  } catch (cause) {
    throw new Fault(errorMessage(cause), {
      remedy: `See ${name} --help.`,
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

function described(option: Option | string): Option {
  return typeof option === "object" ? option : { variable: option, problem: () => null };
}

/** The text of `--help`. */
export function renderUsage({ name, summary, settings, options = {}, details }: Described): string {
  const lines = Object.entries(options).map(
    ([option, given]) => `  --${option} …  sets ${described(given).variable}`,
  );
  const usage = ["  --help", ...lines].join("\n");
  const more = details === undefined ? "" : `\n${details}\n`;
  return `${name}: ${summary}\n\nOptions:\n${usage}\n\nSettings:\n${renderHelp(settings)}\n${more}`;
}
