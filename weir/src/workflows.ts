import { basename } from "node:path";
import {
  type FlowDefinition,
  notesOf,
  parseWorkflowFile,
  StoredSeries,
  workflowsJsonSchema,
} from "@weir/flows";
import {
  alert,
  alertQuery,
  alerts,
  pressed,
  runQuery,
  run as runSchema,
  runs,
  workflows,
} from "@weir/flows/contract";
import {
  CheckedSettings,
  type Environment,
  EXIT_CODES,
  print,
  readSettings,
  systemClock,
  visible,
} from "@weir/runtime";
import { indexFileOf, readCatalogue } from "@weir/series";
import { storedSettings, storedStreamsOf } from "@weir/streams";
import { workflowsSettings } from "@weir/workflows/config";
import { WorkflowFolder } from "@weir/workflows/folder";
import type { Command } from "commander";
import {
  action,
  examples,
  exitCodeOf,
  type Given,
  printJson,
  readNumber,
  type Surroundings,
  usageFault,
} from "./command-line.ts";
import { ServiceClient } from "./service-client.ts";
import { readTimeZone } from "./time-options.ts";
import { defineTrial, readText } from "./workflow-trial.ts";
import { alertsText, runsText, runText, workflowsText } from "./workflows-format.ts";

const LIMIT = 50;
const LIMIT_MAX = 200;
const NO_FLOWS = "config/examples/workflows has examples: copy one into WORKFLOWS_FOLDER\n";

const { WORKFLOWS_FOLDER } = workflowsSettings;

export function define(command: Command, surroundings: Surroundings): void {
  examples(
    command,
    [
      "workflows check",
      "workflows test freezer-warm --from -30d",
      "workflows list",
      "workflows runs freezer-warm",
    ],
    `check, test and schema read files and the store, also while nothing runs. The others ask the service
workflows. docs/reference/workflows.md says what stands in the files.`,
  );
  defineCheck(command, surroundings);
  defineTrial(command, surroundings);
  const ask = asking(command, surroundings);
  defineList(ask);
  definePress(ask);
  defineRuns(ask);
  defineAlerts(ask);
  const schema = command.command("schema").description("print the JSON Schema of workflow files");
  examples(schema, ["workflows schema > workflows.schema.json"]);
  action(schema, () => {
    printJson(workflowsJsonSchema(), { to: surroundings.out, indent: 2 });
    return EXIT_CODES.ok;
  });
}

function defineCheck(command: Command, { environment, out, err }: Surroundings): void {
  const check = command
    .command("check")
    .description("read workflow files, and name what is wrong in them")
    .argument("[file]", "one file (default: those in WORKFLOWS_FOLDER)");
  examples(
    check,
    ["workflows check", "workflows check another.yaml"],
    `Exit code 78 when something is wrong: each problem has its file and its line. A note says what is valid and may
not be meant: a series that is not stored (yet), a name that the data does not have, a node without a wire. With
notes the exit code is 0.`,
  );
  action(check, (_given, file) => {
    const { flows, problems, what } = file === undefined ? loadFlows(environment) : inFile(file);
    for (const problem of problems) print(`${visible(problem)}\n`, { to: err });
    if (problems.length > 0) return EXIT_CODES.configuration;
    const notes = notesOn(flows, environment).map((note) => `note: ${visible(note)}\n`);
    const remedy = flows.length === 0 ? NO_FLOWS : "";
    print(`${notes.join("")}${flows.length} workflow(s) in ${what}, all valid\n${remedy}`, {
      to: out,
    });
    return EXIT_CODES.ok;
  });
}

interface Checked {
  flows: readonly FlowDefinition[];
  problems: readonly string[];
  what: string;
}

/** The workflows of the folder. @throws ConfigurationFault for settings that are wrong. */
export function loadFlows(environment: Environment): Checked {
  const folder = readSettings({ WORKFLOWS_FOLDER }, environment).WORKFLOWS_FOLDER;
  const { files, flows, problems } = new WorkflowFolder(folder, systemClock).load();
  const all = [...problems, ...files.flatMap((one) => one.problems)];
  return { flows, problems: all, what: `${files.length} file(s) of ${folder}` };
}

function inFile(file: string): Checked {
  const { flows, problems } = parseWorkflowFile(readText(file), basename(file, ".yaml"));
  return { flows, problems, what: file };
}

/** What may not be meant. Without a catalogue nothing is known of series. */
function notesOn(flows: readonly FlowDefinition[], environment: Environment): string[] {
  const settings = new CheckedSettings(storedSettings, environment);
  const { streams } = storedStreamsOf(settings);
  const catalogue = readCatalogue(indexFileOf(settings.values().DB_FILE));
  const names = streams.map(({ name }) => name);
  const stored = catalogue === null ? null : new StoredSeries(catalogue, names);
  return flows.flatMap((flow) =>
    notesOf([flow], stored).map(({ node, line, words }) => {
      const file = line === null ? `${flow.file}.yaml` : `${flow.file}.yaml:${line}`;
      return `${file}: ${node === null ? flow.name : `${flow.name}.${node}`}: ${words}`;
    }),
  );
}

interface Asking {
  /** Adds a command that asks the running service. */
  add: (
    name: string,
    summary: string,
    lines: readonly string[],
    prepare?: (command: Command) => Command,
  ) => {
    run: (
      ask: (
        client: ServiceClient,
        given: Given,
        operands: readonly (string | undefined)[],
      ) => Promise<{ json: object; text: () => string }>,
    ) => void;
  };
}

function asking(command: Command, { environment, out, stopSignal }: Surroundings): Asking {
  return {
    add: (name, summary, lines, prepare = (one) => one) => {
      const subcommand = prepare(command.command(name).description(summary)).option(
        "--json",
        "print what the service answers as JSON",
      );
      examples(subcommand, lines);
      return {
        run: (ask) =>
          action(subcommand, async (given, ...operands) => {
            const signal = stopSignal();
            try {
              const client = ServiceClient.workflows(environment, signal);
              const { json, text } = await ask(client, given, operands);
              if (given.has("json")) printJson(json, { to: out, indent: 2 });
              else print(text(), { to: out });
              return EXIT_CODES.ok;
            } catch (error) {
              if (signal.aborted) return exitCodeOf(signal);
              throw error;
            }
          }),
      };
    },
  };
}

function defineList({ add }: Asking): void {
  add("list", "list workflows, what state they are in, and their last runs", [
    "workflows list",
  ]).run(async (client) => {
    const found = await client.ask("GET", "/workflows", workflows);
    return { json: found, text: () => workflowsText(found) };
  });
}

function definePress({ add }: Asking): void {
  add(
    "press",
    "press a button of a workflow",
    ["workflows press lamp-report now", `workflows press lamp-report now '{"lamp":"hall"}'`],
    (command) =>
      command
        .argument("<workflow>")
        .argument("<node>", "the node of the type button")
        .argument("[payload]", "what the run begins with: JSON, or text"),
  ).run(async (client, _given, [flow = "", node = "", payload]) => {
    const path = `/flows/${encodeURIComponent(flow)}/buttons/${encodeURIComponent(node)}`;
    const body = { by: "weir", payload: payload === undefined ? null : jsonOrText(payload) };
    const { run } = await client.ask("POST", path, pressed, body);
    return { json: { run }, text: () => `run ${run} has begun: weir workflows run ${run}\n` };
  });
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function defineRuns({ add }: Asking): void {
  add(
    "runs",
    "list the newest runs",
    ["workflows runs", "workflows runs freezer-warm"],
    (command) =>
      command
        .argument("[workflow]")
        .option("--about <text>", "only those about a device or series with this in its name")
        .option("--state <state>", "only those that are done, waiting or failed")
        .option("--limit <n>", `so many (default: ${LIMIT})`)
        .option("--time-zone <name>", "the zone of times (default: UTC)"),
  ).run(async (client, given, [flow]) => {
    const bounds = { min: 1, max: LIMIT_MAX, isWhole: true };
    const query = runQuery.safeParse({
      limit: readNumber(given, "limit", bounds) ?? LIMIT,
      ...(flow === undefined ? {} : { flow }),
      ...optional("about", given.text("about")),
      ...optional("state", given.text("state")),
    });
    if (!query.success) {
      throw usageFault("--state: it is another word", "It must be done, waiting or failed.");
    }
    const found = await client.ask("POST", "/runs/search", runs, query.data);
    const timeZone = readTimeZone(given);
    return { json: found, text: () => runsText(found, timeZone) };
  });

  add("run", "show what a run has gone through", ["workflows run 123"], (command) =>
    command.argument("<id>").option("--time-zone <name>", "the zone of times (default: UTC)"),
  ).run(async (client, given, [id = ""]) => {
    const found = await client.ask("GET", `/runs/${encodeURIComponent(id)}`, runSchema);
    const timeZone = readTimeZone(given);
    return { json: found, text: () => runText(found, timeZone) };
  });
}

function optional(key: string, value: string | null): Record<string, string> {
  return value === null ? {} : { [key]: value };
}

function defineAlerts({ add }: Asking): void {
  add(
    "alerts",
    "list alerts, acknowledge or clear one",
    ["workflows alerts", "workflows alerts --all", "workflows alerts --acknowledge 7"],
    (command) =>
      command
        .option("--all", "also those that are cleared")
        .option("--acknowledge <id>", "say that somebody has seen an alert")
        .option("--clear <id>", "say that an alert is over")
        .option("--time-zone <name>", "the zone of times (default: UTC)"),
  ).run(async (client, given) => {
    const timeZone = readTimeZone(given);
    for (const word of ["acknowledge", "clear"] as const) {
      const id = given.text(word);
      if (id === null) continue;
      const path = `/alerts/${encodeURIComponent(id)}/${word}`;
      const changed = await client.ask("POST", path, alert, { by: "weir" });
      return { json: changed, text: () => alertsText([changed], timeZone) };
    }
    const query = alertQuery.parse({ state: given.has("all") ? "all" : "open" });
    const found = await client.ask("POST", "/alerts/search", alerts, query);
    return { json: found, text: () => alertsText(found.alerts, timeZone) };
  });
}
