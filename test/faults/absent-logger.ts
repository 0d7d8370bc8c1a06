import { setTimeout as pause } from "node:timers/promises";
import { holdsWithin } from "@weir/testkit";
import { startChain } from "./chain.ts";
import type { Scenario } from "./scenario.ts";

const QUEUED_MAX = 50;

/** The broker drops what its queue cannot hold, after it has acknowledged it. */
export const queue: Scenario = {
  name: "queue",
  summary: `the logger is away while the broker, which keeps ${QUEUED_MAX} messages, gets many more`,
  cycles: 10,
  shortCycles: 2,
  run: async (run) => {
    const { cycles, random, signal } = run;
    await using chain = await startChain(run, {
      rate: 500,
      brokerConfiguration: [`max_queued_messages ${QUEUED_MAX}`, "max_inflight_messages 10"],
    });
    let stalls = 0;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      await chain.logger.kill();
      await pause(random.between(1_000, 3_000), undefined, { signal });
      chain.logger.start();
      stalls += (await chain.flows()) ? 0 : 1;
      await pause(random.between(0, 1_000), undefined, { signal });
    }
    const settled = await chain.settle();
    if (stalls > 0) settled.notes.push(`nothing flowed for 30 s after ${stalls} of the absences`);
    return { cycles, ...settled };
  },
};

const MESSAGES_PER_CYCLE = 10_000;
const FILLED_WITHIN_MS = 300_000;

/** One long absence: more waits than any broker keeps, and all of it arrives afterwards. */
export const backlog: Scenario = {
  name: "backlog",
  summary: `the logger is away for ${MESSAGES_PER_CYCLE} messages a cycle, all in one go; the broker keeps 1,000`,
  cycles: 12,
  shortCycles: 1,
  run: async (run) => {
    const { cycles, signal } = run;
    await using chain = await startChain(run, {
      rate: 4_000,
      brokerConfiguration: ["max_queued_messages 1000"],
    });
    await chain.logger.kill();
    const isFilled = async (): Promise<boolean> =>
      (await chain.verifier.waiting(chain.files.outbox)) >= cycles * MESSAGES_PER_CYCLE;
    if (!(await holdsWithin(FILLED_WITHIN_MS, isFilled, signal))) {
      throw new Error("the outbox does not fill");
    }
    chain.logger.start();
    return { cycles, ...(await chain.settle()) };
  },
};
