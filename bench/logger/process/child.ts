import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";

/** A process that the benchmark has started, and ends by its id. */
export interface Child extends AsyncDisposable {
  pid: number;
  process: ChildProcess;
  /** Rejects when it ends before it was told to. Put it beside what is waited for. */
  failed: Promise<never>;
}

export interface ChildOptions extends SpawnOptions {
  command: string;
  args: readonly string[];
  /** How long it may take to end by itself, before it is killed. */
  goodbyeMs?: number;
}

const GOODBYE_MS = 10_000;
const STDERR_CHARACTERS_MAX = 4_000;

/** @throws when it cannot be started. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { command, args, goodbyeMs = GOODBYE_MS, ...spawning } = options;
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], ...spawning });
  await once(child, "spawn");
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = `${stderr}${text}`.slice(-STDERR_CHARACTERS_MAX);
  });
  let isWanted = true;
  const exited = once(child, "exit");
  const failed = exited.then(([code, signal]) => {
    if (!isWanted) return new Promise<never>(() => {});
    throw new Error(`${command} ${args.join(" ")} ended with ${code ?? signal}: ${stderr.trim()}`);
  });
  // Who waits for something else at that moment hears of it at the next wait.
  failed.catch(() => {});

  return {
    // It has been spawned.
    pid: child.pid as number,
    process: child,
    failed,
    [Symbol.asyncDispose]: async () => {
      isWanted = false;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const late = new AbortController();
      const killing = pause(goodbyeMs, undefined, { signal: late.signal }).then(
        () => child.kill("SIGKILL"),
        () => {},
      );
      await exited;
      late.abort();
      await killing;
    },
  };
}
