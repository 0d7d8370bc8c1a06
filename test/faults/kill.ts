import { setTimeout as pause } from "node:timers/promises";
import { openStore } from "@weir/store";
import { type Chain, startChain } from "./chain.ts";
import type { Run, Scenario, Verdict } from "./scenario.ts";

/** SIGKILL for any process, in any order, at any moment, also while it starts. */
export const kill: Scenario = {
  name: "kill",
  summary: "kill -9 of publisher, logger, broker (nothing on disk) and stats, in random order",
  cycles: 60,
  shortCycles: 5,
  run: async (run) => {
    await using chain = await startChain(run);
    return await killAgainAndAgain(run, chain);
  },
};

const OLD_ROWS_PER_CYCLE = 500;
const PAUSE_MAX_MS = 500;

/** The same while retention removes rows all the time. */
export const killPruning: Scenario = {
  name: "kill-pruning",
  summary: "the same while retention removes old rows, some each moment",
  cycles: 30,
  shortCycles: 3,
  run: async (run) => {
    putOldRows(`${run.folder}/weir.db`, OLD_ROWS_PER_CYCLE * run.cycles);
    await using chain = await startChain(run, {
      loggerEnvironment: {
        LOGGER_RETENTION_MINUTES: "35",
        LOGGER_CLOCK_STEADY_SECONDS: "0",
        LOGGER_PRUNE_INTERVAL_MS: "50",
        LOGGER_PRUNE_ROWS_MAX: "20",
      },
    });
    return await killAgainAndAgain(run, chain);
  },
};

/** @param pauseMaxMs the longest wait between two kills. */
export async function killAgainAndAgain(
  run: Run,
  chain: Chain,
  pauseMaxMs = PAUSE_MAX_MS,
): Promise<Verdict> {
  const { cycles, random, signal } = run;
  const stalls: string[] = [];
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    // Half of the kills meet a chain that works, the others one that is still starting.
    if (random.oneIn(2) && !(await chain.flows()))
      stalls.push(`cycle ${cycle}, ${new Date().toISOString()}`);
    await pause(random.between(0, pauseMaxMs), undefined, { signal });
    await killSome(run, chain);
  }
  const settled = await chain.settle();
  // Each restarted process must find the others within half a minute.
  settled.problems.push(...stalls.map((stall) => `nothing flowed for 30 s (${stall})`));
  return { cycles, ...settled };
}

async function killSome({ random, signal }: Run, chain: Chain): Promise<void> {
  const all = [chain.publisher, chain.logger, chain.broker, chain.stats];
  const victims = random.shuffle(all).slice(0, random.pick([1, 1, 1, 2, 3, 4]));
  for (const victim of victims) {
    await victim.kill();
    await pause(random.between(0, 100), undefined, { signal });
  }
  for (const victim of random.shuffle(victims)) {
    await victim.start();
    await pause(random.between(0, 200), undefined, { signal });
  }
}

const HOUR_US = 3_600_000_000;

function putOldRows(file: string, count: number): void {
  const nowUs = Date.now() * 1_000;
  const receivedUs = nowUs - HOUR_US;
  using store = openStore({
    file,
    stream: "data",
    legacyTopic: "DATA",
    synchronous: "NORMAL",
    nowUs,
    skewUs: 0,
  });
  store.append(
    Array.from({ length: count }, () => ({
      receivedUs,
      topic: "DATA",
      payload: Buffer.from('{"number":-1}'),
      qos: 1,
      retained: false,
      outcome: 0,
      value: -1,
      observedUs: receivedUs,
      sequence: null,
      isFiltered: false,
    })),
  );
}
