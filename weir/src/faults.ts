import { EXIT_CODES, print } from "@weir/runtime";
import type { Command } from "commander";
import {
  action,
  examples,
  type Given,
  inClone,
  optionFault,
  readNumber,
  type Surroundings,
} from "./command-line.ts";

const SEED_MAX = 2 ** 32 - 1;

export function define(command: Command, surroundings: Surroundings): void {
  command
    .option("--list", "list the faults")
    .option("--only <name>", "run only this fault")
    .option("--cycles <n>", "how often (default: each fault has its own number)")
    .option("--seed <s>", "repeat the decisions of an earlier run; moments vary by milliseconds")
    .option("--broker <kind>", "container (Mosquitto in Docker), mosquitto (on the path) or aedes")
    .option("--keep", "keep files and logs");
  examples(
    command,
    ["faults --list", "faults --only kill --cycles 300 --seed 1"],
    "It starts its own processes and its own broker, in a clone of the repository.",
  );
  action(command, async (given) => await run(given, surroundings));
}

async function run(given: Given, { clock, out, stopSignal }: Surroundings): Promise<number> {
  inClone("test/faults/faults.ts");
  const { BROKER_KINDS, runFaults, SCENARIOS } = await import("../../test/faults/faults.ts");
  if (given.has("list")) {
    for (const { name, cycles, summary } of SCENARIOS) {
      print(`${name.padEnd(14)} ${String(cycles).padStart(4)} cycles  ${summary}\n`, { to: out });
    }
    return EXIT_CODES.ok;
  }
  const only = given.text("only");
  if (only !== null && !SCENARIOS.some(({ name }) => name === only)) {
    throw optionFault("only", only, "one of those that --list shows");
  }
  const broker = given.text("broker");
  const brokerKind = BROKER_KINDS.find((kind) => kind === broker) ?? null;
  if (broker !== null && brokerKind === null) {
    throw optionFault("broker", broker, `one of ${BROKER_KINDS.join(", ")}`);
  }
  const cycles = readNumber(given, "cycles", {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    isWhole: true,
  });
  const seed =
    readNumber(given, "seed", { min: 0, max: SEED_MAX, isWhole: true }) ?? clock.now() % SEED_MAX;
  return await runFaults(
    { only, cycles, seed, brokerKind, keeps: given.has("keep") },
    stopSignal(),
  );
}
