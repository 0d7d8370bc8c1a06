import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { startChain } from "./chain.ts";
import type { Part } from "./part.ts";
import type { Scenario } from "./scenario.ts";

const CALLS = "fsync,fdatasync";
/** What strace does to a call that makes writes safe. */
const INJECTIONS = ["error=EIO", "delay_enter=200000", "delay_enter=1000000"] as const;

/** The system calls that make writes safe are slow, or fail: a disk that dies. */
export const fsync: Scenario = {
  name: "fsync",
  summary: "fsync of the store, or of the outbox, is slow or fails for a while (needs strace)",
  cycles: 20,
  shortCycles: 3,
  obstacle: () => (canTrace() ? null : "it needs strace, and the right to trace"),
  run: async (run) => {
    const { cycles, random, signal } = run;
    // Whoever cannot write ends with a message, and is started again: that is the policy.
    await using chain = await startChain(run, { mayEnd: true });
    let stalls = 0;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const part = random.pick([chain.logger, chain.publisher]);
      await inject(part, random.pick(INJECTIONS), random.between(500, 3_000), signal);
      stalls += (await chain.flows()) ? 0 : 1;
    }
    const settled = await chain.settle();
    if (stalls > 0) settled.problems.push(`nothing flowed for 30 s, ${stalls} times`);
    return { cycles, ...settled };
  },
};

/** Lets strace meddle with a part for a while, or until the part has had enough. */
async function inject(
  part: Part,
  fault: string,
  forMs: number,
  signal: AbortSignal,
): Promise<void> {
  const pid = part.pid();
  if (pid === null) return;
  const tracing = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${CALLS}`];
  const tracer = spawn(
    "strace",
    [...tracing, "-e", `inject=${CALLS}:${fault}`, "-p", String(pid)],
    {
      stdio: "ignore",
    },
  );
  const ended = once(tracer, "exit");
  try {
    await Promise.race([ended, pause(forMs, undefined, { signal })]);
  } finally {
    // SIGTERM makes strace let go of the part.
    tracer.kill("SIGTERM");
    await ended;
  }
}

function canTrace(): boolean {
  return spawnSync("strace", ["-o", "/dev/null", "true"], { stdio: "ignore" }).status === 0;
}
