import { setTimeout as pause } from "node:timers/promises";
import { canMountSmallDisk, freePort, holdsWithin, mountSmallDisk } from "@weir/testkit";
import { Archiving } from "./archiving.ts";
import { startChain } from "./chain.ts";
import { keepHistory, settleAndCompare } from "./kept-history.ts";
import type { Scenario } from "./scenario.ts";

const SIZE_MEGABYTES = 128;
const REPORTED_WITHIN_MS = 20_000;

/** The disk of the store, its points and its archives is filled up to the last byte and freed. */
export const historyDisk: Scenario = {
  name: "history-disk",
  summary: "the disk is full while points and archives are written (needs root on Linux)",
  cycles: 10,
  shortCycles: 3,
  obstacle: () =>
    canMountSmallDisk()
      ? null
      : "it mounts a small tmpfs, which needs Linux, root and the right to mount",
  run: async (run) => {
    const { cycles, random, signal, folder } = run;
    using disk = mountSmallDisk(SIZE_MEGABYTES);
    const kept = keepHistory(run, disk.path);
    const port = await freePort();
    const { statsEnvironment } = kept.options;
    await using chain = await startChain(run, {
      ...kept.options,
      statsEnvironment: { ...statsEnvironment, STATS_HTTP_PORT: String(port) },
      folders: { store: disk.path, outbox: folder },
      // By design, a service that cannot write ends with a message and is started again.
      mayEnd: true,
    });
    const archiving = new Archiving(run, kept.segments);
    let stalls = 0;
    let reports = 0;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      archiving.start();
      await pause(random.between(0, 1_000), undefined, { signal });
      disk.fillBut(random.pick([0, 0, 65_536]));
      const isReported = () => reportsHistory(port);
      if (await holdsWithin(REPORTED_WITHIN_MS, isReported, signal)) reports += 1;
      await pause(random.between(0, 1_000), undefined, { signal });
      disk.free();
      stalls += (await chain.flows()) ? 0 : 1;
      await archiving.kill();
    }
    const settled = await settleAndCompare(run, chain, kept);
    if (stalls > 0) settled.problems.push(`nothing flowed for 30 s, ${stalls} times`);
    if (reports === 0) settled.problems.push("/readyz never said that the history is not kept");
    settled.notes.push(`/readyz named the history in ${reports} of ${cycles} cycles`);
    return { cycles, ...settled };
  },
};

/** Whether stats says that it cannot keep the history. */
async function reportsHistory(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    return JSON.stringify(await response.json()).includes("the history of home cannot be");
  } catch {
    // It is being started again.
    return false;
  }
}
