import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { NODE_ARGUMENTS, NODE_ENVIRONMENT } from "@weir/runtime";

/** A process that the benchmark has started, and ends by its id. */
export interface Child extends AsyncDisposable {
  pid: number;
  process: ChildProcess;
  /** Rejects when it ends by itself. Race it with whatever you wait for. */
  failed: Promise<never>;
}

/** How long it may take to end by itself, before it is killed. */
const STOP_MS = 10_000;
const STDERR_CHARACTERS_MAX = 4_000;

/** @throws when it cannot be started. */
export async function startChild(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Child> {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], ...options });
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
      const killing = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await exited;
      clearTimeout(killing);
    },
  };
}

interface ProgramOptions extends Omit<SpawnOptions, "env"> {
  /** Options of Node itself, as for a profile. */
  nodeOptions?: readonly string[];
}

/** Starts a program of a checkout, by default of this one, without the settings of the developer's shell. */
export function startProgram(
  [program, ...args]: readonly [program: string, ...args: string[]],
  environment: Readonly<Record<string, string>>,
  { nodeOptions = [], ...options }: ProgramOptions = {},
): Promise<Child> {
  const file = resolve(join(import.meta.dirname, ".."), program);
  return startChild(process.execPath, [...NODE_ARGUMENTS, ...nodeOptions, file, ...args], {
    ...options,
    env: { PATH: process.env.PATH, ...NODE_ENVIRONMENT, ...environment },
  });
}

/** @throws Error in words for a user when processor time cannot be measured here. */
export function checkProcessorTime(): void {
  if (existsSync("/proc/self/task") && existsSync("/proc/self/schedstat")) return;
  throw new Error(
    "processor time per process is read from /proc/<pid>/task/*/schedstat, which only Linux has",
  );
}

/**
 * Processor time in microseconds that a process, its threads and its children have used so far. The
 * sum of all living threads' run time: what utime + stime of /proc/<pid>/stat say in steps of 10 ms.
 */
export function cpuUs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  let sumUs = 0;
  for (const thread of orGone(() => readdirSync(tasks), [])) {
    sumUs += Number(contentOf(`${tasks}/${thread}/schedstat`).split(" ")[0] ?? 0) / 1_000;
    const children = contentOf(`${tasks}/${thread}/children`).match(/\d+/g) ?? [];
    for (const child of children) sumUs += cpuUs(Number(child));
  }
  return sumUs;
}

/** What a process uses of the machine for so many seconds. */
export async function usageOver(seconds: number, { pid, failed }: Child) {
  const [startUs, startMs] = [cpuUs(pid), performance.now()];
  const residentBytes: number[] = [];
  while (residentBytes.length < seconds) {
    await Promise.race([pause(1_000), failed]);
    residentBytes.push(rssBytes(pid));
  }
  const cores = (cpuUs(pid) - startUs) / 1_000 / (performance.now() - startMs);
  return { cores, residentBytes };
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

const contentOf = (file: string): string => orGone(() => readFileSync(file, "utf8"), "");

/** Threads come and go while they are listed. */
function orGone<T>(read: () => T, gone: T): T {
  try {
    return read();
  } catch {
    return gone;
  }
}
