import { setTimeout as pause } from "node:timers/promises";
import { type Clock, systemClock } from "@weir/runtime";
import { hastyClock, startLocalChain } from "./local-chain.ts";
import { createBrokerProcess } from "./processes.ts";
import type { Scenario } from "./scenario.ts";

const HOUR_MS = 3_600_000;
const DECADE_MS = 10 * 365 * 24 * HOUR_MS;

/** The wall clock jumps on either machine; no accepted message may look too old or be left out. */
export const clock: Scenario = {
  name: "clock",
  summary: "the clocks of publisher and logger jump by an hour and by ten years, both ways",
  cycles: 10,
  shortCycles: 4,
  run: async (run) => {
    const { cycles, random, signal, folder } = run;
    await using broker = await createBrokerProcess({ kind: run.brokerKind, folder });
    await broker.start();
    const clocks = { publisher: createJumpingClock(), logger: createJumpingClock() };
    await using chain = await startLocalChain(run, {
      ports: { publisher: broker.port, logger: broker.port },
      clocks,
    });
    let stalls = (await chain.flows()) ? 0 : 1;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      // What waits in the outbox when the clock jumps must not look old.
      await broker.kill();
      await pause(random.between(100, 600), undefined, { signal });
      const jumps = [HOUR_MS, -HOUR_MS, DECADE_MS, -DECADE_MS];
      for (const jumping of random.pick([
        [clocks.publisher],
        [clocks.logger],
        [clocks.publisher, clocks.logger],
      ])) {
        jumping.jump(jumps[(cycle + random.between(0, 1)) % jumps.length] ?? HOUR_MS);
      }
      await broker.start();
      stalls += (await chain.flows()) ? 0 : 1;
      for (const jumping of Object.values(clocks)) if (random.oneIn(3)) jumping.set();
    }
    const settled = await chain.settle();
    if (stalls > 0) settled.problems.push(`nothing flowed for 30 s, ${stalls} times`);
    return { cycles, ...settled };
  },
};

interface JumpingClock extends Clock {
  jump(byMs: number): void;
  /** Returns to the right time. */
  set(): void;
}

function createJumpingClock(): JumpingClock {
  let offsetMs = 0;
  return {
    ...hastyClock,
    now: () => systemClock.now() + offsetMs,
    jump: (byMs) => {
      offsetMs += byMs;
    },
    set: () => {
      offsetMs = 0;
    },
  };
}
