import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { canMountSmallDisk, mountSmallDisk } from "@weir/testkit";
import { startChain } from "./chain.ts";
import type { Part } from "./processes.ts";
import type { Scenario } from "./scenario.ts";

const SIZE_MEGABYTES = 64;

/** The disks of store and outbox, each a small file system, are filled up to the last byte and freed. */
export const disk: Scenario = {
  name: "disk",
  summary: "the disk of the store, or of the outbox, is full for a while (needs root on Linux)",
  cycles: 20,
  shortCycles: 3,
  obstacle: () =>
    canMountSmallDisk()
      ? null
      : "it mounts a small tmpfs, which needs Linux, root and the right to mount",
  run: async (run) => {
    const { cycles, random, signal } = run;
    using store = mountSmallDisk(SIZE_MEGABYTES);
    using outbox = mountSmallDisk(SIZE_MEGABYTES);
    await using chain = await startChain(run, {
      folders: { store: store.path, outbox: outbox.path },
      // By design, a service that cannot write ends with a message and is started again.
      mayEnd: true,
    });
    let stalls = 0;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const full = random.pick([[store], [store], [outbox], [store, outbox]]);
      for (const one of full) one.fillBut(0);
      await pause(random.between(500, 3_000), undefined, { signal });
      for (const one of full) one.free();
      stalls += (await chain.flows()) ? 0 : 1;
      await pause(random.between(0, 500), undefined, { signal });
    }
    const settled = await chain.settle();
    if (stalls > 0) settled.problems.push(`nothing flowed for 30 s, ${stalls} times`);
    return { cycles, ...settled };
  },
};

const CALLS = "fsync,fdatasync";
/** What strace does to a call that makes writes durable. */
const INJECTIONS = ["error=EIO", "delay_enter=200000", "delay_enter=1000000"] as const;

/** The system calls that make writes durable are slow or fail, as on a failing disk. */
export const fsync: Scenario = {
  name: "fsync",
  summary: "fsync of the store, or of the outbox, is slow or fails for a while (needs strace)",
  cycles: 20,
  shortCycles: 3,
  obstacle: () => (canTrace() ? null : "it needs strace, and the right to trace"),
  run: async (run) => {
    const { cycles, random, signal } = run;
    // By design, a service that cannot write ends with a message and is started again.
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

/** Lets strace change the calls of a part for a while, or until the part ends. */
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
    // SIGTERM makes strace detach from the part.
    tracer.kill("SIGTERM");
    await ended;
  }
}

function canTrace(): boolean {
  return spawnSync("strace", ["-o", "/dev/null", "true"], { stdio: "ignore" }).status === 0;
}
