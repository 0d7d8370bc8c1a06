// `weir faults`: breaks the running chain in every way we know, and verifies what is stored. Unlike
// tests, it pauses between one fault and the next; its seed decides for how long.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { print } from "@weir/runtime";
import { type BrokerKind, findBroker } from "./processes.ts";
import { createRandom, describeVerdict, type Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";

export { SCENARIOS };

export interface FaultsRequest {
  /** The name of one fault; `null` runs all. */
  only: string | null;
  /** `null` is each fault's own number. */
  cycles: number | null;
  seed: number;
  brokerKind: BrokerKind | null;
  /** Whether the files of a run stay, with the logs of its processes. */
  keeps: boolean;
}

export const BROKER_KINDS: readonly BrokerKind[] = ["container", "mosquitto", "aedes"];

const say = (text: string): void => print(`${text}\n`);

/** Runs the faults one after the other; returns the exit code. */
export async function runFaults(request: FaultsRequest, signal: AbortSignal): Promise<number> {
  const { only, seed } = request;
  const chosen = SCENARIOS.filter(({ name }) => only === null || name === only);
  const outcomes: (boolean | null)[] = [];
  try {
    for (const scenario of chosen) outcomes.push(await runOne(scenario, request, signal));
  } catch (error) {
    if (!signal.aborted) throw error;
    say("interrupted; everything that was started is ended");
    return 130;
  }
  const failed = chosen.filter((_, index) => outcomes[index] === false);
  for (const { name } of failed) say(`once more: weir faults --only ${name} --seed ${seed}`);
  const skipped = outcomes.filter((outcome) => outcome === null).length;
  const passed = outcomes.length - failed.length - skipped;
  say(`${passed} passed, ${failed.length} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return failed.length > 0 || passed === 0 ? 1 : 0;
}

/** @returns whether it passed; `null` when it could not run here. */
async function runOne(
  scenario: Scenario,
  request: FaultsRequest,
  signal: AbortSignal,
): Promise<boolean | null> {
  const { seed, keeps } = request;
  const brokerKind = request.brokerKind ?? findBroker();
  const cycles = request.cycles ?? scenario.cycles;
  const obstacle = scenario.obstacle?.() ?? null;
  if (obstacle !== null) {
    say(`${scenario.name}: SKIPPED, ${obstacle}`);
    return null;
  }
  say(`${scenario.name}: ${cycles} cycles, seed ${seed}, broker: ${brokerKind}`);
  const folder = mkdtempSync(join(tmpdir(), `weir-faults-${scenario.name}-`));
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
