import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** A process that the benchmark has started, and ends by its id. */
export interface Child extends AsyncDisposable {
  pid: number;
  process: ChildProcess;
  /** Rejects when it ends by itself. Race it with whatever you wait for. */
  failed: Promise<never>;
}

interface ChildOptions extends SpawnOptions {
  command: string;
  args: readonly string[];
  /** How long it may take to end by itself, before it is killed. */
  stopMs?: number;
}

const STOP_MS = 10_000;
const STDERR_CHARACTERS_MAX = 4_000;

/** @throws when it cannot be started. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { command, args, stopMs = STOP_MS, ...spawning } = options;
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
  // Without a waiter at this moment, the next race rejects.
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
      const killing = pause(stopMs, undefined, { signal: late.signal }).then(
        () => child.kill("SIGKILL"),
        () => {},
      );
      await exited;
      late.abort();
      await killing;
    },
  };
}

/** Why this machine cannot measure, in words for a user; `null` when it can. */
export function usageProblem(): string | null {
  return existsSync("/proc/self/task") && existsSync("/proc/self/schedstat")
    ? null
    : "processor time per process is read from /proc/<pid>/task/*/schedstat, which only Linux has";
}

/**
 * Processor time in microseconds that a process, its threads and its children have used so far. The
 * sum of all living threads' run time: what utime + stime of /proc/<pid>/stat say in steps of 10 ms.
 */
export function cpuUs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  let sumUs = 0;
  for (const thread of namesIn(tasks)) {
    sumUs += Number(contentOf(`${tasks}/${thread}/schedstat`).split(" ")[0] ?? 0) / 1_000;
    for (const child of wordsOf(contentOf(`${tasks}/${thread}/children`))) {
      sumUs += cpuUs(Number(child));
    }
  }
  return sumUs;
}

/** Memory in bytes that a process holds (VmRSS). */
export function rssBytes(pid: number): number {
  const [, kibibytes] = /VmRSS:\s+(\d+) kB/.exec(contentOf(`/proc/${pid}/status`)) ?? [];
  return Number(kibibytes ?? Number.NaN) * 1_024;
}

/** Bytes that a process has passed to write(2) so far, on files, devices, pipes and sockets. */
export function writtenBytes(pid: number): number {
  const [, bytes] = /wchar: (\d+)/.exec(contentOf(`/proc/${pid}/io`)) ?? [];
  return Number(bytes ?? Number.NaN);
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

/** Threads come and go while they are listed. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
