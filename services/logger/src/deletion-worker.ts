import { existsSync } from "node:fs";
import { type Clock, errorMessage, isLocked, type Logger, watchSteadiness } from "@weir/runtime";
import {
  archivedRowsOf,
  type Deletion,
  hiddenArchiveOf,
  isArchived,
  nextSegmentOf,
  type RowsRequest,
  type Segment,
  type SegmentedStore,
  type SegmentFinalizer,
  type StreamStore,
  skippedBecause,
} from "@weir/store";
import type { Deletions } from "./deletions.ts";
import type { Stream } from "./stream.ts";

interface DeletionWorkerOptions {
  deletions: Deletions;
  streams: () => readonly Pick<Stream, "config" | "store">[];
  finalizer: Pick<SegmentFinalizer, "finish" | "settle" | "isBusyWith">;
  /** How long the clock must have run evenly before anything is removed for good. */
  clockSteadyMs: number;
  clock: Clock;
  logger: Logger;
}

// A commit waits for a step that has begun: with the transaction that is under way then it takes 15 ms at most on an
// idle disk. Commits get more time than steps.
const STEP_MS_MAX = 10;
const PAUSE_MS = 20;
const LOOK_MS = 1_000;
const LOCKED_RETRY_MS = 1_000;
const RETRY_MS = 60_000;

const KINDS = { hiding: "hide", undoing: "restore", removing: "remove" } as const;

/** Does what deletions ask, one segment after the other, a few milliseconds at a time between commits. */
export class DeletionWorker implements AsyncDisposable {
  readonly #options: DeletionWorkerOptions;
  /** Why a deletion does not get on, and when it is tried again, by its id. */
  readonly #problems = new Map<string, { reason: string; untilMs: number }>();
  readonly #running: Promise<void>;
  #isStopped = false;
  readonly #stopped = Promise.withResolvers<null>();
  #wake: (() => void) | null = null;

  /** @param options `fail` gets what nothing was expected to throw. */
  constructor(options: DeletionWorkerOptions & { fail: (fault: unknown) => void }) {
    this.#options = options;
    this.#running = this.#run().catch(options.fail);
  }

  /** There is something to do: does not wait for the next look. */
  wake(): void {
    this.#wake?.();
  }

  /** Why a deletion does not get on; `null` when it does. */
  problemOf(id: string): string | null {
    return this.#problems.get(id)?.reason ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#stopped.resolve(null);
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { deletions, clock, clockSteadyMs } = this.#options;
    const steadiness = watchSteadiness(clock);
    while (!this.#isStopped) {
      if (steadiness.steadyForMs() >= clockSteadyMs)
        this.#attempt(null, () => deletions.removeDue());
      const [next] = deletions.atWork().filter(({ id }) => !this.#mustWait(id));
      if (next === undefined) await this.#pause(LOOK_MS);
      else await this.#workOn(next);
    }
  }

  #mustWait(id: string): boolean {
    return (this.#problems.get(id)?.untilMs ?? 0) > this.#options.clock.monotonic();
  }

  async #pause(ms: number): Promise<void> {
    if (this.#isStopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#options.clock.schedule(ms, resolve);
    this.#wake = resolve;
    await promise;
    this.#wake = null;
  }

  /** Does the next segment. */
  async #workOn(deletion: Deletion): Promise<void> {
    const { deletions, streams, finalizer, logger } = this.#options;
    const { id } = deletion;
    const stream = streams().find(({ config }) => config.name === deletion.stream);
    if (stream === undefined) {
      this.#note(id, `the stream ${deletion.stream} is not configured`, LOCKED_RETRY_MS);
      return;
    }
    const { store, config } = stream;
    const segment = nextSegmentOf(config.place, deletion, deletion.doneSegment);
    if (segment !== null && finalizer.isBusyWith(segment.file)) {
      this.#note(id, `${segment.file} is being finished`, LOCKED_RETRY_MS);
      return;
    }
    if (segment !== null) {
      if (store.kind === "folder" && isArchived(segment.file)) {
        await this.#workInArchive(segment, deletion, store).catch((error: unknown) =>
          this.#cannotWorkIn(segment, id, error),
        );
      } else await this.#workIn(segment, deletion, store);
      return;
    }
    this.#attempt(id, () => {
      const done = deletions.done(deletion);
      if (done !== null)
        logger.info({ deletion: id, rows: done.hiddenRows }, `rows are ${done.state}`);
    });
  }

  /** Has an archive written again, in a process of its own. */
  async #workInArchive(
    { name, file }: Segment,
    deletion: Deletion,
    store: SegmentedStore,
  ): Promise<void> {
    const { deletions, finalizer } = this.#options;
    const { id, state } = deletion;
    const others = deletions.othersHiding(deletion);
    // Where nothing of it is hidden, there is nothing to bring back or to remove.
    if (state === "hiding" || existsSync(hiddenArchiveOf(file))) {
      const before = archivedRowsOf(file);
      const hidden = state === "hiding" ? [...others, deletion] : others;
      const removed = state === "removing" ? [deletion] : [];
      const settled = finalizer.settle(file, { hidden, removed });
      const ended = await Promise.race([settled, this.#stopped.promise]);
      if (ended === null) return;
      store.noteArchived(file);
      if (ended.kind === "damaged") {
        this.#attempt(id, () => deletions.segmentDone(id, name, `${name}: ${ended.reason}`));
        return;
      }
      if (ended.kind !== "done") {
        this.#note(id, `${file}: ${ended.reason}`, LOCKED_RETRY_MS);
        return;
      }
      if (deletions.find(id)?.state !== state) return;
      deletions.count(id, Math.abs(before - archivedRowsOf(file)));
    }
    this.#attempt(id, () => deletions.segmentDone(id, name, null));
  }

  async #workIn(segment: Segment, deletion: Deletion, store: StreamStore): Promise<void> {
    const { deletions } = this.#options;
    const { id } = deletion;
    try {
      if (!(await this.#moveRows(segment, deletion, store))) return;
      this.#attempt(id, () => deletions.segmentDone(id, segment.name, null));
    } catch (error) {
      this.#cannotWorkIn(segment, id, error);
    } finally {
      if (store.kind === "folder") {
        for (const file of store.unfinished()) this.#options.finalizer.finish(file);
      }
    }
  }

  #cannotWorkIn(segment: Segment, id: string, error: unknown): void {
    const { deletions } = this.#options;
    if (isLocked(error)) {
      this.#note(id, `${segment.file} is in use by another program`, LOCKED_RETRY_MS);
    } else if (!isUnreadable(error, segment)) {
      this.#note(id, `${segment.file}: ${errorMessage(error)}`, RETRY_MS);
    } else {
      const reason = `${segment.name}: ${errorMessage(error)}`;
      this.#attempt(id, () => deletions.segmentDone(id, segment.name, reason));
    }
  }

  /** @returns whether all of the segment is done. @throws what SQLite throws. */
  async #moveRows(segment: Segment, deletion: Deletion, store: StreamStore): Promise<boolean> {
    const { deletions, clock } = this.#options;
    const { id, state } = deletion;
    // The states that ask for work.
    const kind: RowsRequest["kind"] = KINDS[state as keyof typeof KINDS];
    const others = deletions.othersHiding(deletion);
    using task = store.openRowsTask(segment, { kind, deletion, others });
    // It may be undone, and the segment may be closed, between two steps.
    while (!this.#isStopped && deletions.find(id)?.state === state && task.isCurrent()) {
      const endMs = clock.monotonic() + STEP_MS_MAX;
      const { rows, isDone } = task.step(() => clock.monotonic() >= endMs);
      deletions.count(id, rows);
      this.#problems.delete(id);
      if (isDone) return true;
      await this.#pause(PAUSE_MS);
    }
    return false;
  }

  /** Tries what writes or reads; what it throws is tried again in a while. */
  #attempt(id: string | null, task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#note(id ?? "", errorMessage(error), RETRY_MS);
    }
  }

  #note(id: string, reason: string, retryMs: number): void {
    const { clock, logger } = this.#options;
    const isNews = this.#problems.get(id)?.reason !== reason;
    this.#problems.set(id, { reason, untilMs: clock.monotonic() + retryMs });
    if (isNews)
      logger.warn({ deletion: id, reason, retryMs }, "a deletion waits, and is tried again");
  }
}

/** Whether a segment is damaged, or just removed: the others are done without it. */
function isUnreadable(error: unknown, segment: Segment): boolean {
  try {
    skippedBecause(error, segment);
    return true;
  } catch {
    return false;
  }
}
