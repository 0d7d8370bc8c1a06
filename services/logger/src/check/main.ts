import { parseArgs } from "node:util";
import { runCommand } from "@weir/command-line";
import { type Environment, loadEnvironment, readSettings, topicSettings } from "@weir/config";
import { EXIT_CODES, errorMessage, Fault, print, printData, visible } from "@weir/fault";
import { weirFileJsonSchema } from "@weir/streams";
import { readLoggerConfig } from "../config.ts";
import { describeConfig } from "./describe.ts";
import { renderDescription } from "./render.ts";
import { warningsOf } from "./warnings.ts";

const USAGE = `npm run config -- check [file]    reads weir.yaml, or the file, and shows what it comes to
npm run config -- schema          prints the JSON Schema of weir.yaml

  --json    shows what check finds as JSON
  --help

Exit code 78 when the configuration is wrong: every problem is named with its line. Warnings are about
what is missing here and now, or may not be meant; with them the exit code is 0.
With npm run -s, nothing but the JSON is printed.
`;

interface CommandLine {
  command: string | undefined;
  file: string | undefined;
  isJson: boolean;
  isHelp: boolean;
}

/** `npm run config`: weir.yaml before a logger reads it. */
async function run(argv: readonly string[]): Promise<void> {
  const { command, file, isJson, isHelp } = readCommandLine(argv);
  if (isHelp || command === undefined) return print(USAGE);
  if (command === "schema") return printData(toJson(weirFileJsonSchema()));
  if (command !== "check") throw usageFault(`there is no command ${JSON.stringify(command)}`);
  const environment = { ...loadEnvironment(), ...(file === undefined ? {} : { WEIR_FILE: file }) };
  await check(environment, isJson);
}

async function check(environment: Environment, isJson: boolean): Promise<void> {
  const config = readLoggerConfig(environment);
  const { TOPIC } = readSettings(topicSettings, environment);
  const description = describeConfig(config.streams, config);
  const warnings = await warningsOf(config.streams.streams, TOPIC);
  if (isJson) return printData(toJson({ ...description, warnings }));
  const lines = warnings.map((warning) => `warning: ${visible(warning)}\n`);
  const summary = `${description.streams.length} stream(s), ${warnings.length} warning(s)\n`;
  print([renderDescription(description), ...lines, summary].join(""));
}

function readCommandLine(argv: readonly string[]): CommandLine {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { json: { type: "boolean" }, help: { type: "boolean" } },
      allowPositionals: true,
    });
    const [command, file] = positionals;
    return { command, file, isJson: values.json === true, isHelp: values.help === true };
  } catch (cause) {
    throw usageFault(errorMessage(cause));
  }
}

function usageFault(message: string): Fault {
  return new Fault(message, {
    remedy: "See npm run config -- --help.",
    exitCode: EXIT_CODES.configuration,
  });
}

const toJson = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

await runCommand("config", async () => {
  await run(process.argv.slice(2));
  return EXIT_CODES.ok;
});
