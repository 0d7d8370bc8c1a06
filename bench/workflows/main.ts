// `npm run bench:workflows`: what workflows cost, how late their actions are, and how fast they are tried, beside the
// targets and beside Node-RED. docs/benchmarks.md says what is measured and how. One part a file.
import { parseArgs } from "node:util";
import { print } from "@weir/runtime";
import { figuresTable, type Results } from "../dashboard/figures.ts";
import { printResults } from "../output.ts";
import { checkProcessorTime } from "../process.ts";
import { measureIdle } from "./idle.ts";
import { measureLateness } from "./lateness.ts";
import { measureLoad } from "./load.ts";
import { measureMatching } from "./matching.ts";
import { measureNodeRed, measureOneFlow } from "./node-red.ts";
import { measureTrials } from "./trials.ts";

const PARTS = ["matching", "trials", "idle", "lateness", "load", "node-red", "one-flow"];

/** Of the readings of a device one in so many passes the limit. */
const PASSES_EVERY = 100;

const USAGE = `npm run bench:workflows -- [options]
  --only A,B         only these parts: ${PARTS.join(", ")}
  --workflows N      matching, load, node-red: so many, each over two devices (default 1000)
  --rate N           load, one-flow: messages a second (default 5000)
  --slow-rate N      node-red: messages a second, for both (default 1000)
  --seconds N        load, node-red, one-flow: how long it is measured (default 30)
  --millions N       trials: messages of the day out of which one device is tried (default 43)
  --help
`;

/** @throws TypeError in words for a user. */
function parseOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      only: { type: "string", default: PARTS.join(",") },
      workflows: { type: "string", default: "1000" },
      rate: { type: "string", default: "5000" },
      "slow-rate": { type: "string", default: "1000" },
      seconds: { type: "string", default: "30" },
      millions: { type: "string", default: "43" },
    },
  });
  const number = (name: "workflows" | "rate" | "slow-rate" | "seconds" | "millions"): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= 1) return value;
    throw new TypeError(`--${name}: ${values[name]} is not a whole number from 1 on`);
  };
  const only = values.only.split(",");
  const unknown = only.filter((name) => !PARTS.includes(name));
  if (unknown.length > 0) throw new TypeError(`--only: there is no ${unknown.join(", ")}`);
  const [workflows, seconds] = [number("workflows"), number("seconds")];
  return {
    help: values.help,
    only,
    workflows,
    millions: number("millions"),
    load: { workflows, seconds, perSecond: number("rate"), passesEvery: PASSES_EVERY },
    nodeRed: { workflows, seconds, perSecond: number("slow-rate"), passesEvery: PASSES_EVERY },
  };
}

const say = (text: string): void => print(`${text}\n`, { to: process.stderr });

async function main({ only, workflows, millions, load, nodeRed }: ReturnType<typeof parseOptions>) {
  checkProcessorTime();
  const parts: Record<string, () => Results | Promise<Results>> = {
    matching: () => measureMatching(workflows),
    trials: () => measureTrials(millions),
    idle: measureIdle,
    lateness: measureLateness,
    load: () => measureLoad(load),
    "node-red": () => measureNodeRed(nodeRed),
    "one-flow": () => measureOneFlow(load),
  };
  const results: string[] = [];
  for (const name of PARTS.filter((one) => only.includes(one))) {
    say(`${name} ...`);
    const found = await parts[name]?.();
    if (found !== undefined) results.push(figuresTable(found), ...(found.notes ?? []));
  }
  printResults("workflows", ...results);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) print(USAGE);
  else await main(options);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
