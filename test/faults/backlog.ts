import { setTimeout as pause } from "node:timers/promises";
import { startChain } from "./chain.ts";
import type { Scenario } from "./scenario.ts";

const MESSAGES_PER_CYCLE = 10_000;
const POLL_MS = 100;
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
    const deadlineMs = performance.now() + FILLED_WITHIN_MS;
    while ((await chain.judge.waiting(chain.files.outbox)) < cycles * MESSAGES_PER_CYCLE) {
      if (performance.now() > deadlineMs) throw new Error("the outbox does not fill");
      await pause(POLL_MS, undefined, { signal });
    }
    chain.logger.start();
    return { cycles, ...(await chain.settle()) };
  },
};
