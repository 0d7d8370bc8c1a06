import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Clock, type Logger, NODE_ARGUMENTS, NODE_ENVIRONMENT } from "@weir/runtime";
import type { StreamConfig } from "@weir/streams";

/** What is measured. */
export interface DiskTask {
  streams: readonly StreamConfig[];
  storeFile: string;
  indexFile: string;
  nowMs: number;
}

/** What streams take on the disk, and how they grow. */
export interface DiskUse {
  measuredMs: number;
  /** The one of DB_FILE. */
  disk: { freeBytes: number; totalBytes: number; fullMs: number | null } | null;
  streams: ReadonlyMap<string, { bytes: number; historyBytes: number; bytesPerDay: number | null }>;
}

export interface DiskWatchOptions extends Omit<DiskTask, "nowMs"> {
  clock: Clock;
  logger: Logger;
}

const LOOK_MS = 5_000;
/** Between two measurements while somebody asks. */
const EVERY_MS = 300_000;
const ASKED_FOR_MS = 180_000;
const PROGRAM = fileURLToPath(new URL("./disk-process.ts", import.meta.url));
/** A measurement that takes longer is given up. */
const MEASURING_MS_MAX = 60_000;

/** Measures the disk while somebody asks, in a process of its own: it may take seconds and much memory. */
export class DiskWatch implements AsyncDisposable {
  readonly #options: DiskWatchOptions;
  readonly #timer: Disposable;
  #latest: DiskUse | null = null;
  #askedMs = Number.NEGATIVE_INFINITY;
  #begunMs = Number.NEGATIVE_INFINITY;
  #measuring: ChildProcess | null = null;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
    this.#timer = options.clock.repeat(LOOK_MS, () => this.#look());
  }

  /** The newest measurement; `null` before the first one has ended, which begins when it is asked for. */
  latest(): DiskUse | null {
    this.#askedMs = this.#options.clock.monotonic();
    this.#look();
    return this.#latest;
  }

  #look(): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonic();
    if (this.#measuring !== null) {
      if (nowMs - this.#begunMs > MEASURING_MS_MAX) this.#measuring.kill("SIGKILL");
    } else if (nowMs - this.#askedMs <= ASKED_FOR_MS && nowMs - this.#begunMs >= EVERY_MS) {
      this.#begunMs = nowMs;
      this.#measure();
    }
  }

  #measure(): void {
    const { streams, storeFile, indexFile, clock, logger } = this.#options;
    const task: DiskTask = { streams, storeFile, indexFile, nowMs: clock.now() };
    const child = fork(PROGRAM, {
      execArgv: [...NODE_ARGUMENTS],
      env: { ...process.env, ...NODE_ENVIRONMENT },
      // Times without an end are infinite, which JSON has not.
      serialization: "advanced",
    });
    this.#measuring = child;
    // A cast: the program sends exactly that.
    child.on("message", (use) => {
      this.#latest = use as DiskUse;
    });
    child.on("error", (error) => {
      this.#measuring = null;
      logger.warn({ err: error }, "the disk cannot be measured");
    });
    child.on("close", (code, signal) => {
      this.#measuring = null;
      if (code !== 0) logger.warn({ code, signal }, "the disk could not be measured");
    });
    child.send(task);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    const child = this.#measuring;
    if (child === null) return;
    child.kill("SIGKILL");
    await once(child, "close");
  }
}
