import { execFile } from "node:child_process";
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  openSync,
  type Stats,
  statSync,
} from "node:fs";
import { constants, setPriority } from "node:os";
import { dirname } from "node:path";
import {
  type Clock,
  EXIT_CODES,
  errorCode,
  errorMessage,
  fsyncFolderOf,
  print,
} from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { withDatabase } from "../segment/segment-file.ts";
import { isFinished, readSeal } from "./make-segment.ts";

/** A segment that could not be finished this time. */
interface Unfinished {
  file: string;
  /** `in use`: a reader has it open. */
  kind: "in use" | "failed";
  reason: string;
  /** When it is tried again, in milliseconds from now. */
  retryMs: number;
}

const RETRY_FIRST_MS = 1_000;
// Readers soon close it; a damaged file stays damaged, and a full disk is full for long.
const RETRY_LAST_MS = { "in use": 60_000, failed: 3_600_000 };
const REASON_BYTES_MAX = 64 * 1024;

export type SegmentFinalizer = ReturnType<typeof startSegmentFinalizer>;

/**
 * Finishes sealed segments in the background, one after the other.
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
  // Every segment that it has, with the number of times that it was tried.
  const tries = new Map<string, number>();
  const ready: string[] = [];
  const retries = new Set<Disposable>();
  let running: ReturnType<typeof runFinishing> | null = null;
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
    /** Accepts a sealed segment. One that it has already is not accepted twice. */
    finish(file: string): void {
      if (isStopped || tries.has(file)) return;
      tries.set(file, 0);
      ready.push(file);
      tryNext();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      isStopped = true;
      for (const retry of retries) retry[Symbol.dispose]();
      running?.kill();
      await running?.ended;
    },
  };
}

type Ended = { kind: "finished" } | Pick<Unfinished, "kind" | "reason">;

function runFinishing(file: string) {
  const { promise: ended, resolve } = Promise.withResolvers<Ended>();
  const child = execFile(
    process.execPath,
    [import.meta.filename, file],
    {
      // Beside the file there is space for what does not fit into memory while the index is made.
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

const BUSY_TIMEOUT_MS = 1_000;
const WRITE_BITS = 0o222;

/**
 * Makes one portable file out of a sealed segment: indexed by topic, analysed for SQLite's planner,
 * without a write-ahead log, read-only. After a kill at any moment it can begin again.
 *
 * @returns `in use` when a reader still needs the write-ahead log. It can be tried again.
 */
function finishSegment(file: string): "finished" | "in use" {
  const stats = statSync(file);
  if (isFinished(stats)) return "finished";
  try {
    withDatabase(file, { timeout: BUSY_TIMEOUT_MS }, (database) => {
      if (readSeal(database) === null) {
        throw new Error("it has no successor: it may still be written");
      }
      // While there is a write-ahead log, readers do not block this.
      addIndex(database);
      database.pragma("wal_checkpoint(TRUNCATE)");
      database.pragma("journal_mode = DELETE");
    });
  } catch (error) {
    if (errorCode(error)?.startsWith("SQLITE_BUSY")) return "in use";
    throw error;
  }
  makeReadOnly(file, stats);
  return "finished";
}

function addIndex(database: Database): void {
  // A crash of the machine costs the index, which is made again, never the rows.
  database.pragma("synchronous = NORMAL");
  const add = database.transaction(() => {
    const isThere = database
      .prepare("SELECT 1 FROM sqlite_schema WHERE name = 'rows_by_topic'")
      .get();
    if (isThere !== undefined) return;
    database.exec("CREATE INDEX rows_by_topic ON rows (topic_id)");
    database.exec("ANALYZE");
  });
  add.immediate();
}

/** The last step: a read-only segment counts as finished. */
function makeReadOnly(file: string, { mode }: Stats): void {
  const descriptor = openSync(file, "r+");
  try {
    fsyncSync(descriptor);
    fchmodSync(descriptor, mode & ~WRITE_BITS);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  fsyncFolderOf(file);
}

/** The process of one segment: node segment-finalizer.ts <segment>. */
function finishAndExit(file: string): void {
  // Storing messages comes first.
  setPriority(constants.priority.PRIORITY_LOW);
  // A signal to the whole group is for the logger, which ends this process when it ends itself.
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
  try {
    process.exitCode = finishSegment(file) === "in use" ? EXIT_CODES.tryLater : EXIT_CODES.ok;
  } catch (error) {
    print(errorMessage(error), { to: process.stderr });
    process.exitCode = EXIT_CODES.fault;
  }
}

if (import.meta.main) finishAndExit(process.argv[2] ?? "");
