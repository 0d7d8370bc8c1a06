// `npm run faults`: breaks the running chain in every way we know, and counts what is stored. This is
// the one place where pauses are wanted: its seed decides them, between one fault and the next.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { print } from "@weir/runtime";
import { findBroker } from "./broker-process.ts";
import { type CommandLine, parseCommandLine, USAGE } from "./command-line.ts";
import { createRandom } from "./random.ts";
import { describeVerdict } from "./report.ts";
import type { Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";

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
  const commandLine = parseCommandLine(argv, SCENARIOS);
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

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!interruption.signal.aborted) throw error;
  say("interrupted; everything that was started is ended");
  process.exitCode = 130;
}
