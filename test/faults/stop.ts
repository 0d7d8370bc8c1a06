import { setTimeout as pause } from "node:timers/promises";
import { startChain } from "./chain.ts";
import type { Scenario } from "./scenario.ts";

/** Longer than 1.5 times the keepalive of 20 s: the broker gives up a client that stands still. */
const LONG_MS = 35_000;
const LONG_ONE_IN = 10;

/** Processes stand still and go on, as on a machine that swaps, or a laptop that was closed. */
export const stop: Scenario = {
  name: "stop",
  summary:
    "SIGSTOP and SIGCONT of publisher, logger, broker and stats, some longer than the keepalive",
  cycles: 20,
  shortCycles: 3,
  run: async (run) => {
    const { cycles, random, signal } = run;
    await using chain = await startChain(run);
    const all = [chain.publisher, chain.logger, chain.broker, chain.stats];
    let stalls = 0;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const frozen = random.shuffle(all).slice(0, random.pick([1, 1, 2]));
      for (const one of frozen) await one.freeze();
      const isLong = cycles >= LONG_ONE_IN && random.oneIn(LONG_ONE_IN);
      await pause(isLong ? LONG_MS : random.between(100, 3_000), undefined, { signal });
      for (const one of random.shuffle(frozen)) {
        await one.thaw();
        await pause(random.between(0, 300), undefined, { signal });
      }
      if (random.oneIn(2)) stalls += (await chain.flows()) ? 0 : 1;
    }
    const settled = await chain.settle();
    if (stalls > 0) settled.notes.push(`nothing flowed for 30 s after ${stalls} of the stops`);
    return { cycles, ...settled };
  },
};
