import { copyFileSync, readdirSync, statSync, truncateSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { overwrite } from "@weir/testkit";
import { type Chain, startChain } from "./chain.ts";
import type { Random, Run, Scenario } from "./scenario.ts";

const HEADER_BYTES = 100;
const PAGE_BYTES = 4_096;

/** The store is damaged when the logger starts, as by a failing disk or an editor. */
export const damaged: Scenario = {
  name: "damaged",
  summary: "the logger finds its store damaged: the logger keeps it aside and begins a new one",
  cycles: 10,
  shortCycles: 3,
  run: async (run) => {
    const { cycles, random, signal, folder } = run;
    // What was stored before counts as well, as it was before it was damaged.
    const copies: string[] = [];
    const store = `${folder}/weir.db`;
    await using chain = await startChain(run, {
      stores: () => [...copies, store].map((file) => [file]),
      // Stats cannot read it either, until there is a new one.
      mayEnd: true,
    });
    const problems: string[] = [];
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      await pause(random.between(200, 1_500), undefined, { signal });
      await chain.logger.kill();
      await chain.stats.kill();
      const copy = `${folder}/before-${cycle}.db`;
      // All of it in one file, its write-ahead log included.
      await chain.verifier.foldLog(store);
      copyFileSync(store, copy);
      copies.push(copy);
      damage(store, random);
      chain.logger.start();
      chain.stats.start();
      if (!(await chain.flows()))
        problems.push("nothing flowed for 30 s after the store was damaged");
    }
    const settled = await chain.settle();
    settled.problems.push(...problems, ...whatIsNotKept(run, chain));
    return { cycles, ...settled };
  },
};

function damage(store: string, random: Random): void {
  const { size } = statSync(store);
  const kind = random.pick(["schema", "half", "all"]);
  if (kind === "half") truncateSync(store, Math.floor(size / 2 / PAGE_BYTES) * PAGE_BYTES);
  else overwrite(store, HEADER_BYTES, kind === "schema" ? PAGE_BYTES : size);
}

function whatIsNotKept({ cycles, folder }: Run, { files, logger }: Chain): string[] {
  const kept = readdirSync(folder).filter(
    (name) => name.startsWith(`${basename(files.store)}.damaged-`) && !/-(wal|shm)$/.test(name),
  );
  const reported = logger.log().split("the store is damaged").length - 1;
  return [
    ...(kept.length === cycles ? [] : [`${kept.length} of ${cycles} damaged stores were kept`]),
    ...(reported >= cycles ? [] : [`the logger reported ${reported} of ${cycles} damaged stores`]),
  ];
}
