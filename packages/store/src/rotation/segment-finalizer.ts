import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Clock, EXIT_CODES } from "@weir/runtime";
import { DAMAGED_EXIT_CODE, type SegmentTask } from "./segment-process.ts";
import type { ArchiveDeletions } from "./settle-archive.ts";

/** A segment that could not be finished or archived this time. */
interface Unfinished {
  file: string;
  task: SegmentTask;
  /** `in use`: a reader has it open. `damaged`: it stays as it is. */
  kind: "in use" | "failed" | "damaged";
  reason: string;
  /** When it is tried again, in milliseconds from now; `null` for not before the next start. */
  retryMs: number | null;
}

const RETRY_FIRST_MS = 1_000;
// Readers soon close it; a full disk is full for long.
const RETRY_LAST_MS = { "in use": 60_000, failed: 3_600_000 };
const REASON_BYTES_MAX = 64 * 1024;

export type SegmentFinalizer = ReturnType<typeof startSegmentFinalizer>;

interface Job {
  task: SegmentTask;
  file: string;
  tried: number;
  onDone: () => void;
  /** What it reads from its standard input. */
  input?: string;
  /** Gets the end of it, whatever it is: it is not tried again. */
  onEnded?: (ended: Ended) => void;
}

/**
 * Finishes sealed segments and archives finished ones in the background, one after the other.
 *
 * Each segment gets a separate process, of low priority: SQLite cannot be interrupted while it makes
 * an index, and neither can a thread that waits for it. A process can be ended at any moment, and the
 * next start finishes what it has left.
 */
export function startSegmentFinalizer({
  clock,
  onFinished,
  onUnfinished,
}: {
  clock: Pick<Clock, "schedule">;
  onFinished: (file: string) => void;
  onUnfinished: (unfinished: Unfinished) => void;
}) {
  // All that it has accepted and not completed, those that are damaged included.
  const jobs = new Map<string, Job>();
  const ready: Job[] = [];
  const retries = new Set<Disposable>();
  let running: (ReturnType<typeof runTask> & { file: string }) | null = null;
  let isStopped = false;

  function accept(job: Job): void {
    const key = keyOf(job);
    if (isStopped || jobs.has(key)) return;
    jobs.set(key, job);
    ready.push(job);
    tryNext();
  }

  function tryNext(): void {
    if (running !== null || isStopped) return;
    const job = takeNext(ready);
    if (job === undefined) return;
    running = { file: job.file, ...runTask(job) };
    void running.ended.then((ended) => {
      running = null;
      if (isStopped) return;
      settle(job, ended);
      tryNext();
    });
  }

  function settle(job: Job, ended: Ended): void {
    const { task, file, onDone, onEnded } = job;
    if (onEnded !== undefined) {
      jobs.delete(keyOf(job));
      onEnded(ended);
    } else if (ended.kind === "done") {
      jobs.delete(keyOf(job));
      onDone();
    } else if (!existsSync(file)) {
      // Retention was faster.
      jobs.delete(keyOf(job));
    } else if (ended.kind === "damaged") {
      onUnfinished({ file, task, ...ended, kind: "damaged", retryMs: null });
    } else {
      const retryMs = Math.min(RETRY_FIRST_MS * 2 ** job.tried, RETRY_LAST_MS[ended.kind]);
      job.tried += 1;
      retryLater(job, retryMs);
      onUnfinished({ file, task, kind: ended.kind, reason: ended.reason, retryMs });
    }
  }

  function retryLater(job: Job, retryMs: number): void {
    const retry = clock.schedule(retryMs, () => {
      retries.delete(retry);
      ready.push(job);
      tryNext();
    });
    retries.add(retry);
  }

  return {
    /** Accepts a sealed segment. One that it has already is not accepted twice. */
    finish: (file: string): void =>
      accept({ task: "finish", file, tried: 0, onDone: () => onFinished(file) }),
    /** Accepts a finished segment. One that it has already, or that is damaged, is not accepted twice. */
    archive: (file: string, onArchived: () => void): void =>
      accept({ task: "archive", file, tried: 0, onDone: onArchived }),
    /** Brings an archive in line with deletions. @returns how that has ended; it is not tried again. */
    settle(file: string, deletions: ArchiveDeletions): Promise<Ended> {
      const { promise, resolve } = Promise.withResolvers<Ended>();
      const input = JSON.stringify(deletions);
      accept({ task: "settle", file, tried: 0, onDone: () => {}, input, onEnded: resolve });
      return promise;
    },
    /** Whether it works on a segment right now. */
    isBusyWith: (file: string): boolean => running?.file === file,
    async [Symbol.asyncDispose](): Promise<void> {
      isStopped = true;
      for (const retry of retries) retry[Symbol.dispose]();
      running?.kill();
      await running?.ended;
    },
  };
}

const keyOf = ({ task, file }: Job): string => `${task} ${file}`;

/** Finishing comes first: it makes a segment readable by everyone. */
function takeNext(ready: Job[]): Job | undefined {
  const first = ready.findIndex(({ task }) => task === "finish");
  return ready.splice(Math.max(first, 0), 1)[0];
}

export type Ended = { kind: "done" } | Pick<Unfinished, "kind" | "reason">;

const PROGRAM = join(import.meta.dirname, "segment-process.ts");

/** Garbage is collected early: the process shares its memory with the logger, where a container has a limit. */
const NODE_OPTIONS = ["--max-semi-space-size=8", "--max-old-space-size=128"];

function runTask({ task, file, input = "" }: Pick<Job, "task" | "file" | "input">) {
  const { promise: ended, resolve } = Promise.withResolvers<Ended>();
  const child = execFile(
    process.execPath,
    [...NODE_OPTIONS, PROGRAM, task, file],
    {
      // Beside the file there is space for what does not fit into memory while the index is made.
      env: { ...process.env, SQLITE_TMPDIR: dirname(file) },
      maxBuffer: REASON_BYTES_MAX,
    },
    (error, _output, stderr) => {
      if (error === null) return resolve({ kind: "done" });
      const reason = stderr === "" ? error.message : stderr;
      if (error.code === EXIT_CODES.tryLater) {
        resolve({ kind: "in use", reason: "it is being read" });
      } else {
        resolve({ kind: error.code === DAMAGED_EXIT_CODE ? "damaged" : "failed", reason });
      }
    },
  );
  child.stdin?.on("error", () => {}).end(input);
  return { ended, kill: () => child.kill("SIGKILL") };
}
