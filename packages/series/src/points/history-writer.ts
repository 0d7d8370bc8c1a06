import type { Clock } from "@weir/runtime";
import type { Progress } from "../catalogue/stream-catalogue.ts";
import { comparePositions, type Position } from "../reading/memory.ts";
import { type Erasure, erase } from "./erase.ts";
import { aboutFlushed, byDay, hoursWith, type WrittenDay, writeDay } from "./flush.ts";
import { HOUR_US, relativeOf, type StreamFolder } from "./history-folder.ts";
import type { KeptPoints } from "./kept-points.ts";
import { mergeFiles } from "./merge-files.ts";
import { mergesMonths, planMerge } from "./merge-plan.ts";
import { Pace } from "./pace.ts";
import { PointBuffer } from "./point-buffer.ts";
import type { IndexedFile, NewHours, PointsIndex, RowSpan, StreamState } from "./points-index.ts";
import { Refill } from "./refill.ts";

/** Flush soon when so many points wait. */
const DUE_POINTS = 1_000_000;
/** Give no more points while so many wait: the disk may be full. */
const WAITING_POINTS_MAX = 2_000_000;
/** A day of a flush is a file. */
const WAITING_DAYS_MAX = 500;
/** Programs that began to read may need a file so long after it was replaced. */
const REMOVED_AFTER_MS = 60_000;

/** What writing the history has just done. The next opening repairs a kill after any of them. */
export const HISTORY_STEPS = [
  "file written",
  "files written",
  "flushed",
  "merged file written",
  "merged",
  "removed",
] as const;

export type HistoryStep = (typeof HISTORY_STEPS)[number];

interface HistoryWriterOptions {
  stream: string;
  state: StreamState;
  index: PointsIndex;
  folder: StreamFolder;
  kept: KeptPoints;
  /** How long points are kept, in milliseconds; Infinity for ever. */
  historyMs: number;
  clock: Clock;
  onStep: (step: HistoryStep) => void | Promise<void>;
}

/**
 * Keeps the points of one stream. Give it each row's points, then pass the row, and flush from time to time: then the
 * points, their hours and the position become durable together. What was not flushed is to be given again after
 * `through`.
 */
export class HistoryWriter implements Disposable {
  readonly #options: HistoryWriterOptions;
  readonly #closing = new AbortController();
  /** Files that nothing needs any more, soon. */
  readonly #removals = new Set<Disposable>();
  readonly #merging = new Set<number>();
  #state: StreamState;
  /** What is being given, and what a flush that failed has left. */
  #buffer = new PointBuffer();
  #waiting: PointBuffer | null = null;
  #turn: Promise<void> = Promise.resolve();
  #merged: Promise<boolean> | null = null;
  /** Points that were older than the history reaches back, and are not kept. */
  tooOld = 0;

  constructor(options: HistoryWriterOptions) {
    this.#options = options;
    this.#state = options.state;
  }

  /** Up to which row all points are durable; `null` for none. */
  get through(): Progress | null {
    return this.#state.through;
  }

  /** Whether the points of a row were given before. */
  has(row: Position): boolean {
    const given = this.#buffer.through ?? this.#waiting?.through ?? this.#state.through;
    return given !== null && comparePositions(row, given) <= 0;
  }

  /** How many points wait for a flush. */
  get waitingPoints(): number {
    return this.#buffer.rows + (this.#waiting?.rows ?? 0);
  }

  /** Whether so many points wait that they are worth a flush. */
  get isDue(): boolean {
    return this.waitingPoints >= DUE_POINTS || this.#buffer.days >= WAITING_DAYS_MAX;
  }

  /** Whether so many points wait that no more are to be given before a flush succeeds. */
  get isFull(): boolean {
    return this.waitingPoints >= WAITING_POINTS_MAX || this.#buffer.days >= 2 * WAITING_DAYS_MAX;
  }

  /** What its files take. */
  get use(): { files: number; bytes: number } {
    const files = this.#options.index.files();
    return { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  /** Takes a point of a row that is not passed yet. */
  add(topic: string, path: string, observedUs: number, value: number): void {
    if (observedUs < this.#state.cutoffUs) this.tooOld += 1;
    else this.#buffer.add(topic, path, observedUs, value);
  }

  /** All points of this row, and of those before it, were given. */
  pass(row: Progress): void {
    this.#buffer.pass(row);
  }

  /**
   * Makes all that was passed so far durable. One flush is under way at a time; another one waits for it.
   *
   * @throws what the disk or SQLite throw. Nothing is lost then: the next flush tries the same once more.
   */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#flushAll());
  }

  /**
   * Puts some files together, where there are enough of them. Points can be given and flushed meanwhile.
   *
   * @returns whether there may be more to merge.
   * @throws what the disk or SQLite throw. Then all is as it was before.
   */
  merge(): Promise<boolean> {
    this.#merged ??= this.#mergeNext().finally(() => {
      this.#merged = null;
    });
    return this.#merged;
  }

  /** Ends the history before a time. Whole files go; the hours stay. */
  expire(cutoffUs: number): void {
    // Whole hours, so that an hour can be folded again from its points as long as late ones are taken.
    const hourUs = Math.floor(cutoffUs / HOUR_US) * HOUR_US;
    if (hourUs <= this.#state.cutoffUs) return;
    const { index } = this.#options;
    const isOld = ({ id, lastUs }: IndexedFile) => lastUs < hourUs && !this.#merging.has(id);
    const old = index.files().filter(isOld);
    const state = { ...this.#state, cutoffUs: hourUs };
    index.expire(old, state);
    this.#state = state;
    this.#removeSoon(old);
  }

  /**
   * Removes points for good, out of the files and out of the hours. What waits for a flush is flushed before.
   *
   * @throws what the disk or SQLite throw. Then some are removed, and it has to be done again.
   */
  erase(erasure: Erasure): Promise<void> {
    return this.#inTurn(async () => {
      await this.#flushAll();
      await erase(erasure, {
        ...this.#options,
        takeNumber: () => this.#takeNumber(),
        state: () => this.#state,
        removeSoon: (files) => this.#removeSoon(files),
      });
    });
  }

  /** What takes the points of damaged files from the stored rows again, where they are not too many. */
  refills(): Refill[] {
    const { stream, index, folder, kept } = this.#options;
    const { flush, cutoffUs } = this.#state;
    const common = { stream, flush, cutoffUs, folder, index, kept };
    const takeNumber = () => this.#takeNumber();
    const inTurn = (task: () => Promise<void>) => this.#inTurn(task);
    return index
      .lost()
      .filter(({ rows, of }) => rows <= WAITING_POINTS_MAX && of.through !== null)
      .map((lost) => new Refill({ ...common, lost, takeNumber, inTurn }));
  }

  /**
   * The stream ends before the rows whose points are kept: an older copy of it is in its place. Points are taken from
   * rows behind this one again; those that are kept stay.
   */
  rewind(to: Progress | null): Promise<void> {
    return this.#inTurn(async () => {
      const state = { ...this.#state, through: to };
      this.#options.index.saveState(state);
      this.#state = state;
      this.#buffer = new PointBuffer();
      this.#waiting = null;
    });
  }

  /** Ends a flush and a merge that are under way, and leaves nothing of them. What waits for a flush is forgotten. */
  [Symbol.dispose](): void {
    this.#closing.abort();
    for (const removal of this.#removals) removal[Symbol.dispose]();
    this.#removals.clear();
    this.#options.kept.close();
  }

  /** What changes hours is done one after the other. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #flushAll(): Promise<void> {
    if (this.#waiting !== null) await this.#flushBuffer(this.#waiting);
    if (!this.#buffer.isPassed) throw new Error("a row whose points were given was not passed");
    this.#waiting = this.#buffer;
    this.#buffer = new PointBuffer();
    await this.#flushBuffer(this.#waiting);
  }

  async #flushBuffer(buffer: PointBuffer): Promise<void> {
    const { index, folder, kept, onStep } = this.#options;
    const through = buffer.through ?? this.#state.through;
    const series = [...buffer.series()];
    const days = [...byDay(series, index.numbersOf(series))];
    const files: WrittenDay[] = [];
    const hours: NewHours[] = [];
    const flush = days.length === 0 ? this.#state.flush : this.#state.nextNumber;
    const pace = new Pace(this.#closing.signal);
    try {
      for (const [at, [day, points]] of days.entries()) {
        const isLast = at === days.length - 1;
        const about = aboutFlushed(day, {
          stream: this.#options.stream,
          number: this.#takeNumber(),
          of: { after: this.#state.through, through },
          flush,
          through: isLast ? through : null,
        });
        files.push(await writeDay(points, about, folder, pace));
        await onStep("file written");
        hours.push(...(await hoursWith(points, { day, index, kept, pace })));
      }
      await onStep("files written");
      this.#closing.signal.throwIfAborted();
      const state = { ...this.#state, through, flush };
      index.flush({ files, hours, state });
      this.#state = state;
      this.#waiting = null;
    } catch (error) {
      for (const { file } of files) folder.remove(relativeOf(file));
      throw error;
    } finally {
      kept.close();
    }
    await onStep("flushed");
  }

  async #mergeNext(): Promise<boolean> {
    const { stream, index, folder, kept, historyMs, clock, onStep } = this.#options;
    await this.#sweep();
    const plan = planMerge(index.files(), {
      nowUs: clock.now() * 1_000,
      withMonths: mergesMonths(historyMs * 1_000),
    });
    if (plan === null) return false;
    const { inputs, part, level } = plan;
    const replaces = inputs.map(({ number }) => number);
    const { through, flush } = this.#state;
    const number = this.#takeNumber();
    const place = { stream, number, part, level, arrival: number, of: rowsOf(inputs) };
    const about = { ...place, flush, through, replaces };
    for (const { id } of inputs) this.#merging.add(id);
    try {
      const { signal } = this.#closing;
      const written = await mergeFiles(inputs, about, { folder, index, kept, signal });
      if (written === null) return !signal.aborted;
      await onStep("merged file written");
      this.#replace(inputs, written);
    } finally {
      this.#merging.clear();
      kept.close();
    }
    await onStep("merged");
    return true;
  }

  /** Removes what the index has of files that are gone, with pauses. */
  async #sweep(): Promise<void> {
    const { signal } = this.#closing;
    const pace = new Pace();
    while (!signal.aborted && this.#options.index.sweep()) await pace.breathe();
  }

  #replace(inputs: readonly IndexedFile[], written: WrittenDay): void {
    const { index, folder } = this.#options;
    try {
      // A flush may have found one of them to be damaged meanwhile.
      const isReplaced = index.replace(inputs, { ...written, state: this.#state });
      if (isReplaced) this.#removeSoon(inputs);
      else folder.remove(relativeOf(written.file));
    } catch (error) {
      folder.remove(relativeOf(written.file));
      throw error;
    }
  }

  /** Removes files when nobody reads them any more. After a kill the next opening does it. */
  #removeSoon(files: readonly IndexedFile[]): void {
    if (files.length === 0) return;
    const { clock, folder, onStep } = this.#options;
    for (const file of files) folder.makeOld(relativeOf(file));
    const removal = clock.schedule(REMOVED_AFTER_MS, () => {
      this.#removals.delete(removal);
      for (const file of files) {
        folder.remove(relativeOf(file));
        void onStep("removed");
      }
    });
    this.#removals.add(removal);
  }

  #takeNumber(): number {
    const number = this.#state.nextNumber;
    this.#state = { ...this.#state, nextNumber: number + 1 };
    return number;
  }
}

/** From the first row of some files to the last one. */
function rowsOf(files: readonly IndexedFile[]): RowSpan {
  const afters = files.map(({ of }) => of.after).filter((row) => row !== null);
  const throughs = files.map(({ of }) => of.through).filter((row) => row !== null);
  const beginsWithAll = afters.length < files.length;
  return {
    after: beginsWithAll ? null : (afters.sort(comparePositions)[0] ?? null),
    through: throughs.sort(comparePositions).at(-1) ?? null,
  };
}
