import { optionFault, parseArguments, runCommand } from "@weir/command-line";
import { loadEnvironment, toolEnvironment } from "@weir/config";
import { print, printData } from "@weir/fault";
import { isName } from "@weir/messages";
import { createLogger } from "@weir/service";
import { readLoggerConfig } from "../config.ts";
import { audit } from "./audit.ts";
import type { AuditLine } from "./reconcile.ts";
import { createAuditTable, SHOWN_MAX } from "./render.ts";
import { exitCodeOf } from "./tally.ts";

const HELP = `npm run audit -- [options]

Sets what publishers with an outbox announce beside what is stored. It reads, and changes nothing.

Options:
  --publisher NAME  audits this one only
  --all             prints every line, not only the ${SHOWN_MAX} worst
  --json            prints every line as JSON, and the result as the last line (with npm run -s)
  --strict          ends with 3 when something could not be judged or is claimed without support
  --help

Exit codes:
  0   whatever could be judged is complete
  1   messages are missing
  2   nothing could be judged
  3   with --strict only: see there
  69  the broker or a store is not there
  78  the configuration or the command line is wrong
`;

async function run(argv: readonly string[]): Promise<number> {
  const given = parseArguments(argv, {
    publisher: { type: "string" },
    all: { type: "boolean" },
    json: { type: "boolean" },
    strict: { type: "boolean" },
    help: { type: "boolean" },
  });
  if (given.has("help")) {
    print(HELP);
    return 0;
  }
  const publisher = given.text("publisher");
  if (publisher !== null && !isName(publisher)) {
    throw optionFault(
      "publisher",
      publisher,
      "1 to 64 letters, digits, dots, underscores or hyphens",
    );
  }
  const config = readLoggerConfig(toolEnvironment(loadEnvironment()));
  const table = createAuditTable(given.has("all") ? Number.POSITIVE_INFINITY : SHOWN_MAX);
  const isJson = given.has("json");
  const notes = await audit({
    config,
    publisher,
    logger: createLogger("audit", { ...config.process, logLevel: "warn" }),
    onLine: isJson ? printJson : table.add,
  });
  if (isJson) printJson(notes);
  else print(table.render(notes));
  return exitCodeOf(notes, given.has("strict"));
}

const printJson = (value: AuditLine | object): void => printData(`${JSON.stringify(value)}\n`);

await runCommand("audit", () => run(process.argv.slice(2)));
