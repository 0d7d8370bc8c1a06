import { parseArgs } from "node:util";
import { loadEnvironment } from "@weir/config";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import { weirFileJsonSchema } from "@weir/streams";
import { readLoggerConfig } from "../config.ts";
import { renderStreams } from "./render.ts";
import { warningsOf } from "./warnings.ts";

const USAGE = `npm run config -- check [file]    reads weir.yaml, or the file, and shows what it comes to
npm run config -- schema          prints the JSON Schema of weir.yaml

  --json    shows it as JSON
  --help

Exit code 78 when the configuration is wrong; every problem is named with its line.
`;

async function check(file: string | undefined, asJson: boolean): Promise<number> {
  const given = file === undefined ? {} : { WEIR_FILE: file };
  const {
    streams,
    clientId,
    file: storeFile,
  } = readLoggerConfig({ ...loadEnvironment(), ...given });
  const warnings = await warningsOf(streams.streams);
  if (asJson) {
    // Passwords came from elsewhere, and do not belong on a screen.
    const brokers = Object.fromEntries(
      Object.entries(streams.brokers).map(([name, { url, username }]) => [name, { url, username }]),
    );
    process.stdout.write(`${JSON.stringify({ ...streams, brokers, warnings }, null, 2)}\n`);
  } else {
    process.stdout.write(renderStreams(streams, { clientId, file: storeFile }));
    for (const warning of warnings) process.stdout.write(`warning: ${warning}\n`);
    process.stdout.write(`${streams.streams.length} stream(s), ${warnings.length} warning(s)\n`);
  }
  return EXIT_CODES.ok;
}

async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { json: { type: "boolean" }, help: { type: "boolean" } },
    allowPositionals: true,
  });
  const [command, file] = positionals;
  if (values.help === true || command === undefined) {
    process.stdout.write(USAGE);
    return EXIT_CODES.ok;
  }
  if (command === "check") return await check(file, values.json === true);
  if (command === "schema") {
    process.stdout.write(`${JSON.stringify(weirFileJsonSchema(), null, 2)}\n`);
    return EXIT_CODES.ok;
  }
  throw new Fault(`there is no command ${JSON.stringify(command)}`, {
    remedy: "Use check or schema; --help says more.",
    exitCode: EXIT_CODES.configuration,
  });
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const remedy = error instanceof Fault ? error.remedy : "See npm run config -- --help.";
  process.stderr.write(`config: ${errorMessage(error)}\n${remedy}\n`);
  process.exitCode = error instanceof Fault ? error.exitCode : EXIT_CODES.configuration;
}
