import { Worker } from "node:worker_threads";
import type { Clock, Logger } from "@weir/runtime";
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
/** A measurement that takes longer is given up. */
const MEASURING_MS_MAX = 60_000;

/** Measures the disk while somebody asks, on another thread: it may take seconds where there is much to look at. */
export class DiskWatch implements AsyncDisposable {
  readonly #options: DiskWatchOptions;
  readonly #timer: Disposable;
  #latest: DiskUse | null = null;
  #askedMs = Number.NEGATIVE_INFINITY;
  #begunMs = Number.NEGATIVE_INFINITY;
  #worker: Worker | null = null;

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
    const { clock, logger } = this.#options;
    const nowMs = clock.monotonic();
    if (this.#worker !== null) {
      if (nowMs - this.#begunMs > MEASURING_MS_MAX) void this.#worker.terminate();
      return;
    }
    if (nowMs - this.#askedMs > ASKED_FOR_MS || nowMs - this.#begunMs < EVERY_MS) return;
    this.#begunMs = nowMs;
    const { streams, storeFile, indexFile } = this.#options;
    const task: DiskTask = { streams, storeFile, indexFile, nowMs: clock.now() };
    const worker = new Worker(new URL("./disk-worker.ts", import.meta.url), { workerData: task });
    this.#worker = worker;
    // A cast: the worker posts exactly that.
    worker.on("message", (use) => {
      this.#latest = use as DiskUse;
    });
    worker.on("error", (error) => logger.warn({ err: error }, "the disk could not be measured"));
    worker.on("exit", () => {
      this.#worker = null;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    await this.#worker?.terminate();
  }
}
