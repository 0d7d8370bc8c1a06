import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";

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
