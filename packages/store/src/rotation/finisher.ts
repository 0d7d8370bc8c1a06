import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "@weir/clock";
import { EXIT_CODES } from "@weir/fault";

/** Finishes sealed segments beside the way of the messages, one after the other. */
export interface Finisher extends AsyncDisposable {
  /** Takes in a sealed segment. One that it has already is not taken twice. */
  finish(file: string): void;
}

/** A segment that could not be finished this time. */
export interface Unfinished {
  file: string;
  /** `in use`: somebody is reading it. */
  kind: "in use" | "failed";
  reason: string;
  /** When it is tried again, in milliseconds from now. */
  retryMs: number;
}

export interface FinisherOptions {
  clock: Pick<Clock, "schedule">;
  onFinished: (file: string) => void;
  onUnfinished: (unfinished: Unfinished) => void;
}

const RETRY_FIRST_MS = 1_000;
// Readers go in a while; what is damaged stays so, and a full disk takes its time.
const RETRY_LAST_MS = { "in use": 60_000, failed: 3_600_000 };
const REASON_BYTES_MAX = 64 * 1024;

/**
 * Each segment gets a process of its own, of low priority: SQLite cannot be interrupted while it makes
 * an index, and neither can a thread that waits for it. A process can be ended at any moment, and what
 * it leaves is taken up again at the next start.
 */
export function startFinisher({ clock, onFinished, onUnfinished }: FinisherOptions): Finisher {
  // Every segment that it has, with the number of times that it was tried.
  const tries = new Map<string, number>();
  const ready: string[] = [];
  const retries = new Set<Disposable>();
  let running: Running | null = null;
  let isStopped = false;

  function tryNext(): void {
    if (running !== null || isStopped) return;
    const file = ready.shift();
    if (file === undefined) return;
    running = runFinishing(file);
    void running.ended.then((ended) => {
      running = null;
      if (isStopped) return;
      settle(file, ended);
      tryNext();
    });
  }

  function settle(file: string, ended: Ended): void {
    if (ended.kind === "finished") {
      tries.delete(file);
      onFinished(file);
    } else if (existsSync(file)) {
      retryLater(file, ended);
    } else {
      // Retention was faster.
      tries.delete(file);
    }
  }

  function retryLater(file: string, ended: Pick<Unfinished, "kind" | "reason">): void {
    const tried = tries.get(file) ?? 0;
    tries.set(file, tried + 1);
    const retryMs = Math.min(RETRY_FIRST_MS * 2 ** tried, RETRY_LAST_MS[ended.kind]);
    const retry = clock.schedule(retryMs, () => {
      retries.delete(retry);
      ready.push(file);
      tryNext();
    });
    retries.add(retry);
    onUnfinished({ file, ...ended, retryMs });
  }

  return {
    finish: (file) => {
      if (isStopped || tries.has(file)) return;
      tries.set(file, 0);
      ready.push(file);
      tryNext();
    },
    [Symbol.asyncDispose]: async () => {
      isStopped = true;
      for (const retry of retries) retry[Symbol.dispose]();
      running?.kill();
      await running?.ended;
    },
  };
}

type Ended = { kind: "finished" } | Pick<Unfinished, "kind" | "reason">;

interface Running {
  ended: Promise<Ended>;
  kill(): void;
}

function runFinishing(file: string): Running {
  const { promise: ended, resolve } = Promise.withResolvers<Ended>();
  const child = execFile(
    process.execPath,
    [fileURLToPath(new URL("./finish-process.ts", import.meta.url)), file],
    {
      // What does not fit into memory while an index is made is kept beside the file.
      env: { ...process.env, SQLITE_TMPDIR: dirname(file) },
      maxBuffer: REASON_BYTES_MAX,
    },
    (error, _output, reason) => {
      if (error === null) resolve({ kind: "finished" });
      else if (error.code === EXIT_CODES.tryLater) {
        resolve({ kind: "in use", reason: "it is being read" });
      } else resolve({ kind: "failed", reason: reason === "" ? error.message : reason });
    },
  );
  return { ended, kill: () => child.kill("SIGKILL") };
}
