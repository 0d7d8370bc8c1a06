import { execFile, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { errorCode } from "@weir/runtime";
import { startChain } from "./chain.ts";
import type { Scenario } from "./scenario.ts";

const execute = promisify(execFile);
const SIZE = "size=64m";

/** Small file systems of their own are filled up to the last byte, and freed. */
export const disk: Scenario = {
  name: "disk",
  summary: "the disk of the store, or of the outbox, is full for a while (needs root on Linux)",
  cycles: 20,
  shortCycles: 3,
  obstacle: () =>
    canMount() ? null : "it mounts a small tmpfs, which needs Linux, root and the right to mount",
  run: async (run) => {
    const { cycles, random, signal, folder } = run;
    await using store = await mountSmallDisk(join(folder, "store-disk"));
    await using outbox = await mountSmallDisk(join(folder, "outbox-disk"));
    await using chain = await startChain(run, {
      folders: { store: store.path, outbox: outbox.path },
      // Whoever cannot write ends with a message, and is started again: that is the policy.
      mayEnd: true,
    });
    let stalls = 0;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const full = random.pick([[store], [store], [outbox], [store, outbox]]);
      for (const one of full) one.fill();
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

interface SmallDisk extends AsyncDisposable {
  path: string;
  fill(): void;
  free(): void;
}

async function mountSmallDisk(path: string): Promise<SmallDisk> {
  mkdirSync(path);
  await execute("mount", ["-t", "tmpfs", "-o", SIZE, "weir-faults", path]);
  const filler = join(path, "filler");
  return {
    path,
    fill: () => fillWith(filler),
    free: () => rmSync(filler, { force: true }),
    [Symbol.asyncDispose]: async () => void (await execute("umount", ["--lazy", path])),
  };
}

function fillWith(file: string): void {
  const descriptor = openSync(file, "a");
  try {
    for (let piece = 1024 * 1024; piece >= 1; piece = Math.floor(piece / 2)) {
      const bytes = Buffer.alloc(piece);
      while (hasWritten(descriptor, bytes));
    }
  } finally {
    closeSync(descriptor);
  }
}

function hasWritten(descriptor: number, bytes: Buffer): boolean {
  try {
    return writeSync(descriptor, bytes) === bytes.length;
  } catch (error) {
    if (errorCode(error) === "ENOSPC") return false;
    throw error;
  }
}

function canMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const path = mkdtempSync(join(tmpdir(), "weir-faults-mount-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", SIZE, "weir-faults", path]).status === 0;
  if (mounted) spawnSync("umount", [path]);
  rmdirSync(path);
  return mounted;
}
