import { parseArgs } from "node:util";
import { type Environment, renderHelp } from "@weir/config";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import { allSettings } from "./config.ts";

export interface CommandLine {
  help: boolean;
  isVerbose: boolean;
  /** The variables that options stand for. */
  environment: Environment;
}

/** @throws Fault for an option that there is not. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        help: { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
        format: { type: "string" },
      },
    });
    const { help, verbose, format } = values;
    const environment = format === undefined ? {} : { STATS_PRINTER_FORMAT: format };
    return { help, isVerbose: verbose, environment };
  } catch (cause) {
    throw new Fault(errorMessage(cause), {
      remedy: "See npm start -- --help.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

/** The text of `--help`. */
export function renderUsage(): string {
  return `npm start: runs the whole suite on this machine, without Docker, until Ctrl-C.

Options, after "npm start --":
  --help
  --verbose   shows the log of every process
  --format …  how the statistics are printed: table, json or csv

A broker that BROKER or BROKER_URL names must answer at the start, or it ends with code 69; later
outages are waited out. A process that ends is started again. Exit codes: 0 stopped as asked, 69 a
port is taken or the broker is missing, 73 a folder cannot be written, 75 another logger writes the
store, 78 the settings are wrong.

Settings:
${renderHelp(allSettings)}
`;
}
