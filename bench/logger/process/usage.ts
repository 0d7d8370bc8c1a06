import { existsSync, readdirSync, readFileSync } from "node:fs";

/** What keeps this machine from measuring, in words for a user; `null` when it can. */
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

/** Bytes that a process has given to write(2) so far, on files, devices, pipes and sockets. */
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
