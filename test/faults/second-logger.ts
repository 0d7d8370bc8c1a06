import { setTimeout as pause } from "node:timers/promises";
import { EXIT_CODES } from "@weir/runtime";
import { holdsWithin } from "@weir/testkit";
import { type Chain, startChain } from "./chain.ts";
import type { Run, Scenario } from "./scenario.ts";

const REFUSED_WITHIN_MS = 60_000;

/** An operator starts a logger twice. */
export const secondLogger: Scenario = {
  name: "second-logger",
  summary: "a second logger with the same client id: on the same store, and stealing the session",
  cycles: 10,
  shortCycles: 2,
  run: async (run) => {
    const { cycles } = run;
    const other = `${run.folder}/other/weir.db`;
    const stores = [`${run.folder}/weir.db`, other];
    await using chain = await startChain(run, { stores: () => stores.map((file) => [file]) });
    const problems: string[] = [];
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      if (cycle % 2 === 1) await stealSession(run, chain, other);
      else if (!(await isRefused(run, chain))) {
        problems.push("a second logger was not refused by the store's lock");
      }
      if (!(await chain.flows())) problems.push("nothing flowed for 30 s after a second logger");
    }
    const settled = await chain.settle();
    settled.problems.push(...problems);
    return { cycles, ...settled };
  },
};

/** Whether a logger on the same store ends with the exit code for a later attempt. */
async function isRefused({ signal }: Run, chain: Chain): Promise<boolean> {
  await using second = chain.anotherLogger("second-logger", {});
  second.start();
  const hasEnded = (): boolean => second.ownEnds.length > 0;
  await holdsWithin(REFUSED_WITHIN_MS, hasEnded, signal);
  return second.ownEnds[0]?.endsWith(`with ${EXIT_CODES.tryLater}`) ?? false;
}

/** Both take the session from each other again and again, for a while. */
async function stealSession({ random, signal }: Run, chain: Chain, store: string): Promise<void> {
  await using thief = chain.anotherLogger("thief", { DB_FILE: store });
  thief.start();
  await pause(random.between(1_000, 6_000), undefined, { signal });
  if (random.oneIn(2)) await thief.stop();
}
