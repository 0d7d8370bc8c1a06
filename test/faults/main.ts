// `npm run faults`: breaks the running chain in every way we know, and verifies what is stored. Unlike
// tests, it pauses between one fault and the next; its seed decides for how long.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { print } from "@weir/runtime";
import { type BrokerKind, findBroker } from "./processes.ts";
import { createRandom, describeVerdict, type Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";

/** The options of `npm run faults -- …`. */
interface CommandLine {
  lists: boolean;
  only: string | null;
  cycles: number | null;
  seed: number;
  brokerKind: BrokerKind | null;
  /** Whether the files of a run stay, with the logs of its processes. */
  keeps: boolean;
}

const USAGE = `npm run faults -- [options]
  --list          name the faults and end
  --only NAME     only this one
  --cycles N      how often; each fault has a number of its own
  --seed S        repeat the decisions of an earlier run; the moments still vary by milliseconds
  --broker KIND   container (Mosquitto in Docker), mosquitto (from the path) or aedes
  --keep          leave files and logs behind`;

const BROKER_KINDS: readonly string[] = ["container", "mosquitto", "aedes"] satisfies BrokerKind[];
const SEED_MAX = 2 ** 32 - 1;

const interruption = new AbortController();
process.once("SIGINT", () => interruption.abort());
process.once("SIGTERM", () => interruption.abort());

const say = (text: string): void => print(`${text}\n`);

/** @returns whether it passed; `null` when it could not run here. */
async function runOne(scenario: Scenario, commandLine: CommandLine): Promise<boolean | null> {
  const { seed, keeps } = commandLine;
  const brokerKind = commandLine.brokerKind ?? findBroker();
  const cycles = commandLine.cycles ?? scenario.cycles;
  const obstacle = scenario.obstacle?.() ?? null;
  if (obstacle !== null) {
    say(`${scenario.name}: SKIPPED, ${obstacle}`);
    return null;
  }
  say(`${scenario.name}: ${cycles} cycles, seed ${seed}, broker: ${brokerKind}`);
  const folder = mkdtempSync(join(tmpdir(), `weir-faults-${scenario.name}-`));
  const { signal } = interruption;
  try {
    const random = createRandom(seed);
    const verdict = await scenario.run({ cycles, random, brokerKind, folder, signal });
    say(describeVerdict(scenario.name, verdict));
    return verdict.problems.length === 0;
  } catch (error) {
    if (signal.aborted) throw error;
    say(`${scenario.name}: FAILED, ${error instanceof Error ? error.stack : String(error)}`);
    return false;
  } finally {
    if (keeps) say(`${scenario.name}: its files are in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

async function runAll(commandLine: CommandLine): Promise<number> {
  const { only, seed } = commandLine;
  const chosen = SCENARIOS.filter(({ name }) => only === null || name === only);
  const outcomes: (boolean | null)[] = [];
  for (const scenario of chosen) outcomes.push(await runOne(scenario, commandLine));

  const failed = chosen.filter((_, index) => outcomes[index] === false);
  for (const { name } of failed) say(`once more: npm run faults -- --only ${name} --seed ${seed}`);
  const skipped = outcomes.filter((outcome) => outcome === null).length;
  const passed = outcomes.length - failed.length - skipped;
  say(`${passed} passed, ${failed.length} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return failed.length > 0 || passed === 0 ? 1 : 0;
}

async function run(argv: readonly string[]): Promise<number> {
  const commandLine = parseCommandLine(argv);
  if (typeof commandLine === "string") {
    print(`${commandLine}\n${USAGE}\n`, { to: process.stderr });
    return 64;
  }
  if (commandLine.lists) {
    for (const { name, cycles, summary } of SCENARIOS) {
      say(`${name.padEnd(14)} ${String(cycles).padStart(4)} cycles  ${summary}`);
    }
    return 0;
  }
  return await runAll(commandLine);
}

/** @returns the options, or what is wrong with them in words. */
function parseCommandLine(argv: readonly string[]): CommandLine | string {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { list: flag, only: text, cycles: text, seed: text, broker: text, keep: flag },
    });
    const { only = null, broker = null } = values;
    if (only !== null && !SCENARIOS.some(({ name }) => name === only)) {
      return `there is no fault ${JSON.stringify(only)}; --list names them`;
    }
    if (broker !== null && !BROKER_KINDS.includes(broker)) {
      return `--broker is one of ${BROKER_KINDS.join(", ")}`;
    }
    const cycles = values.cycles === undefined ? null : Number(values.cycles);
    if (cycles !== null && !(Number.isInteger(cycles) && cycles > 0)) {
      return "--cycles is a whole number from 1";
    }
    const seed = values.seed === undefined ? Date.now() % SEED_MAX : Number(values.seed);
    if (!(Number.isInteger(seed) && seed >= 0 && seed <= SEED_MAX)) {
      return `--seed is a whole number from 0 to ${SEED_MAX}`;
    }
    return {
      lists: values.list,
      only,
      cycles,
      seed,
      brokerKind: broker as BrokerKind | null,
      keeps: values.keep,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!interruption.signal.aborted) throw error;
  say("interrupted; everything that was started is ended");
  process.exitCode = 130;
}
