import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { holdsWithin } from "@weir/testkit";
import { Archiving } from "./archiving.ts";
import { startChain } from "./chain.ts";
import { filesIn, type Kept, keepHistory, settleAndCompare } from "./kept-history.ts";
import type { Run, Scenario } from "./scenario.ts";

const MOMENT_WITHIN_MS = 15_000;

/** Kills whoever writes points and archives, while they are written. */
export const history: Scenario = {
  name: "history",
  summary: "kill -9 of stats, logger and its archiving process while points are written and merged",
  cycles: 100,
  shortCycles: 5,
  run: async (run) => {
    const { cycles, random, signal } = run;
    const kept = keepHistory(run);
    await using chain = await startChain(run, kept.options);
    const archiving = new Archiving(run, kept.segments);
    let stalls = 0;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      archiving.start();
      if (random.oneIn(4) && !(await chain.flows())) stalls += 1;
      await someMoment(run, kept);
      const victims = random.pick([["stats"], ["stats"], ["logger"], ["stats", "logger"]] as const);
      for (const victim of victims) await chain[victim].kill();
      await archiving.kill();
      await pause(random.between(0, 200), undefined, { signal });
      for (const victim of random.shuffle(victims)) chain[victim].start();
    }
    const settled = await settleAndCompare(run, chain, kept);
    if (stalls > 0) settled.problems.push(`nothing flowed for 30 s, ${stalls} times`);
    settled.notes.push(`${archiving.ended} segments archived, ${archiving.killed} times killed`);
    return { cycles, ...settled };
  },
};

/** Any moment, or one at which a file of points is half written. */
async function someMoment({ folder, random, signal }: Run, kept: Kept): Promise<void> {
  await pause(random.between(0, 1_500), undefined, { signal });
  const place = random.pick([null, join(folder, "history"), kept.folder]);
  if (place === null) return;
  const isHalfWritten = () => filesIn(place, ".making").length > 0;
  await holdsWithin(MOMENT_WITHIN_MS / (place === kept.folder ? 10 : 1), isHalfWritten, signal);
  await pause(random.between(0, 30), undefined, { signal });
}
