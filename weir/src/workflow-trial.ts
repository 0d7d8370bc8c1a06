import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type FlowDefinition, parseWorkflowFile, tryFlow } from "@weir/flows";
import {
  CheckedSettings,
  didYouMean,
  type Environment,
  EXIT_CODES,
  print,
  readSettings,
  systemClock,
  visible,
} from "@weir/runtime";
import { indexFileOf } from "@weir/series";
import { storedSettings, storedStreamsOf } from "@weir/streams";
import { workflowsSettings } from "@weir/workflows/config";
import { WorkflowFolder } from "@weir/workflows/folder";
import { historyOf } from "@weir/workflows/history";
import type { Command } from "commander";
import {
  action,
  examples,
  exitCodeOf,
  type Given,
  printJson,
  readDuration,
  type Surroundings,
  usageFault,
} from "./command-line.ts";
import { TIME_FORMS } from "./time.ts";
import { readTimeSpan, readTimeZone } from "./time-options.ts";
import { trialText } from "./workflows-format.ts";

const SPAN_DAYS = 7;
const DAY_MS = 86_400_000;
const TOOK = { min: "1s", max: "1d" };
const TOOK_MS_MAX = 300_000;
const ERASE = "\r\x1b[K";

const { WORKFLOWS_FOLDER } = workflowsSettings;

/** Adds `weir workflows test`. */
export function defineTrial(command: Command, surroundings: Surroundings): void {
  const trial = command
    .command("test")
    .description("show when a workflow would have fired, on what is stored")
    .argument("<workflow>")
    .option("--from <time>", `the beginning (default: ${SPAN_DAYS} days before the end)`)
    .option("--to <time>", "the end (default: now)")
    .option("--day <day>", "a whole day, instead of --from and --to")
    .option("--time-zone <name>", "the zone of times: Europe/Berlin (default: UTC)")
    .option("--file <file>", "the version in this file, beside the one in WORKFLOWS_FOLDER")
    .option("--for <time>", "end after so long with what was found by then (default: 5m)")
    .option("--json", "print the result as JSON, with up to 10,000 actions")
    .addHelpText("after", `\nA time is ${TIME_FORMS}.`);
  examples(
    trial,
    [
      "workflows test freezer-warm --from -30d",
      "workflows test freezer-warm --from -30d --file changed.yaml",
      "workflows test freezer-warm --day yesterday --time-zone Europe/Berlin --json",
    ],
    `Readings and messages come with their own times, and nothing is performed: no mail leaves. It reads the store
itself, so nothing has to run.`,
  );
  action(trial, async (given, flow = "") => {
    const signal = surroundings.stopSignal();
    try {
      return await run(flow, given, surroundings, signal);
    } catch (error) {
      if (signal.aborted) return exitCodeOf(signal);
      throw error;
    }
  });
}

async function run(
  name: string,
  given: Given,
  { environment, clock, out, err }: Surroundings,
  signal: AbortSignal,
): Promise<number> {
  const timeZone = readTimeZone(given);
  const { fromUs, toUs } = readTimeSpan(given, clock.now() * 1_000, timeZone);
  const toMs = toUs / 1_000;
  const fromMs = fromUs === null ? toMs - SPAN_DAYS * DAY_MS : fromUs / 1_000;
  const file = given.text("file");
  const inFolder = flowsInFolder(environment);
  const saved = inFolder.find((flow) => flow.name === name) ?? null;
  const asked = flowIn(name, file === null ? inFolder : flowsInFile(file));
  const checked = new CheckedSettings(storedSettings, environment);
  const { streams, skewUs, devicePrefixes } = storedStreamsOf(checked);
  const indexFile = indexFileOf(checked.values().DB_FILE);
  const stored = { streams, indexFile, skewUs, devicePrefixes, signal };
  const isShown = err.isTTY === true;
  const trial = await tryFlow(
    { asked, saved: file === null ? null : saved, fromMs, toMs },
    {
      ...stored,
      tookMsMax: readDuration(given, "for", TOOK) ?? TOOK_MS_MAX,
      historyOf: (effect) => historyOf(effect, stored),
      onProgress: (share) => {
        if (isShown) print(`${Math.floor(share * 100)} %`, { to: err, control: ERASE });
      },
    },
  );
  if (isShown) print("", { to: err, control: ERASE });
  if (given.has("json")) printJson(trial, { to: out, indent: 2 });
  else print(trialText(name, trial, timeZone), { to: out });
  return EXIT_CODES.ok;
}

function flowsInFolder(environment: Environment): readonly FlowDefinition[] {
  const { WORKFLOWS_FOLDER: folder } = readSettings({ WORKFLOWS_FOLDER }, environment);
  return new WorkflowFolder(folder, systemClock).load().flows;
}

/** @throws Fault with what is wrong in the file. */
function flowsInFile(file: string): readonly FlowDefinition[] {
  const { flows, problems } = parseWorkflowFile(readText(file), basename(file, ".yaml"));
  if (problems.length === 0) return flows;
  throw usageFault(problems.map(visible).join("\n"), "Correct it, and try it again.");
}

function flowIn(name: string, flows: readonly FlowDefinition[]): FlowDefinition {
  const found = flows.find((flow) => flow.name === name);
  if (found !== undefined) return found;
  const names = flows.map((flow) => flow.name);
  throw usageFault(
    `there is no workflow ${JSON.stringify(name)}${didYouMean(name, names)}`,
    names.length === 0
      ? "WORKFLOWS_FOLDER has none; name a file with --file."
      : `There are ${names.map(visible).join(", ")}; weir workflows check says which are wrong.`,
  );
}

/** @throws Fault for a file that cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usageFault(`${file} cannot be read`, "Name a file that exists.", error);
  }
}
