import { setTimeout as pause, setImmediate as yieldToEvents } from "node:timers/promises";
import type { ServiceContext } from "@weir/runtime";
import { type Catalogue, type LostFile, PointsStore, type RebuildProgress } from "@weir/series";
import type { FollowedStream } from "./config.ts";
import { Erasures } from "./erasures.ts";
import { keepLooking } from "./follower.ts";
import type { HistoryFeed } from "./history-feed.ts";
import { createHistoryMetrics, exposeHistory } from "./history-metrics.ts";
import type { SeriesFollower } from "./series-follower.ts";
import { StreamHistory } from "./stream-history.ts";

const LOOK_MS = 1_000;
/** So many points of all streams wait at most; where half as many do, the stream with the most of them writes. */
const WAITING_POINTS_MAX = 2_000_000;
const STOP_MS = 1_000;
const REPORT_MS = 10_000;
// Backfills read for so long at a look: half of the time is for everything else.
const BACKFILL_STEPS_PER_LOOK = 160;
const BACKFILL_MS_PER_LOOK = LOOK_MS / 2;

interface HistoryOptions {
  indexFile: string;
  deletionsFile: string;
  catalogue: Catalogue;
  skewUs: number;
  /** How long points wait at most before they are written. */
  historyFlushMs: number;
  /** Whether everything else has caught up: before, a backfill would delay it. */
  isIdle: () => boolean;
  context: ServiceContext;
}

/** Keeps the points of all streams that have a history: beside everything else it writes, merges and removes them. */
export class History implements AsyncDisposable {
  readonly #options: HistoryOptions;
  readonly #points: PointsStore;
  readonly #erasures: Erasures;
  readonly #check: ReturnType<ServiceContext["health"]["check"]>;
  readonly #metrics: ReturnType<typeof createHistoryMetrics>;
  /** By name. */
  readonly #streams = new Map<string, StreamHistory>();
  /** Damaged files that were set aside. */
  readonly #lost: string[] = [];
  readonly #looking: Disposable;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #waiting = 0;
  #writing: Promise<void> | null = null;
  #merging: Promise<void> | null = null;
  #isStopped = false;

  /** @throws what SQLite and the disk throw when the history cannot be opened. */
  constructor(options: HistoryOptions) {
    const { indexFile, context } = options;
    const { clock, metrics, health, fail } = context;
    this.#options = options;
    this.#points = new PointsStore({
      indexFile,
      clock,
      onLost: (lost) => this.#lose(lost),
      onRebuilding: (progress) => this.#reportRebuilding(progress),
    });
    this.#erasures = new Erasures(this.#points, options.deletionsFile);
    this.#check = health.check("history");
    this.#check.pass();
    this.#metrics = createHistoryMetrics(metrics);
    exposeHistory({ streams: () => this.#streams, registry: metrics });
    this.#looking = keepLooking({ intervalMs: LOOK_MS, look: () => this.#look(), fail, clock });
  }

  /** What a stream's points are given to; `null` for a stream without a history. */
  feedOf(stream: FollowedStream): HistoryFeed | null {
    return stream.historyMs === null ? null : this.#historyOf(stream).feed;
  }

  /** Also reads what is missing, beside the follower of the stream. */
  follow(stream: FollowedStream, follower: SeriesFollower): void {
    if (stream.historyMs !== null) this.#historyOf(stream).follow(stream, follower);
  }

  /** A stream is kept for another time. */
  keep(stream: FollowedStream): void {
    this.#streams.get(stream.name)?.keep(stream);
  }

  /** A stream is not followed any more: what was taken of it is written soon, and its files stay. */
  leave(name: string): void {
    this.#streams.get(name)?.leave();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#looking[Symbol.dispose]();
    for (const history of this.#streams.values()) history[Symbol.dispose]();
    // Ends what is being written, and removes it.
    this.#points[Symbol.dispose]();
    const ended = Promise.all([this.#writing, this.#merging]);
    // An index that is being made again ends with the file that it is at, and is begun again at the next start.
    await Promise.race([ended, pause(STOP_MS, undefined, { ref: false })]);
  }

  #historyOf(stream: FollowedStream): StreamHistory {
    const { name } = stream;
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const history = new StreamHistory({
      ...this.#options,
      stream,
      open: () => this.#points.stream(name, { historyMs: stream.historyMs ?? 0 }),
      metrics: this.#metrics,
      hasRoom: () => this.#waiting < WAITING_POINTS_MAX,
      onTaken: (points) => {
        this.#waiting += points;
        this.#metrics.points.inc({ stream: name }, points);
      },
    });
    this.#streams.set(name, history);
    return history;
  }

  async #look(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
    this.#merging ??= this.#merge().finally(() => {
      this.#merging = null;
    });
    if (this.#options.isIdle()) await this.#fill();
    for (const history of this.#streams.values()) history.report();
    const problem = this.#streams.values().find((one) => one.problem !== null)?.problem ?? null;
    if (problem === null) this.#check.pass(this.#lost);
    else this.#check.fail(problem);
  }

  async #write(): Promise<void> {
    for (const [name, history] of this.#streams) {
      if (this.#isStopped) return;
      const most = Math.max(...Array.from(this.#streams.values(), ({ waiting }) => waiting));
      const isUrgent = this.#waiting >= WAITING_POINTS_MAX / 2 && history.waiting === most;
      await history.write(isUrgent);
      await this.#erase(name, history);
      if (history.isOver) this.#forget(name);
      this.#waiting = this.#streams.values().reduce((sum, { waiting }) => sum + waiting, 0);
    }
  }

  /** Removes the points of one deletion, if the rows of any are gone. */
  async #erase(name: string, history: StreamHistory): Promise<void> {
    const due = this.#erasures.due(name);
    if (due === null || !(await history.erase(due.erasure))) return;
    this.#erasures.done(due.id);
    this.#options.context.logger.info({ stream: name, deletion: due.id }, "its points are gone");
  }

  #forget(name: string): void {
    this.#streams.delete(name);
    for (const metric of Object.values(this.#metrics)) metric.remove({ stream: name });
  }

  async #merge(): Promise<void> {
    for (const history of this.#streams.values()) {
      if (this.#isStopped) return;
      await history.merge();
    }
  }

  /** Lets each backfill read in turn, for a part of the time. */
  async #fill(): Promise<void> {
    const { clock } = this.#options.context;
    const untilMs = clock.monotonic() + BACKFILL_MS_PER_LOOK;
    for (let steps = 0; steps < BACKFILL_STEPS_PER_LOOK; steps += 1) {
      let hasRead = false;
      for (const history of this.#streams.values()) {
        if (this.#isStopped) return;
        if (!history.readSome()) continue;
        hasRead = true;
        await yieldToEvents();
      }
      if (!hasRead || clock.monotonic() > untilMs) return;
    }
  }

  /** Says now and then how far an index is that was lost. */
  #reportRebuilding(progress: RebuildProgress): void {
    const nowMs = this.#options.context.clock.monotonic();
    if (nowMs - this.#reportedMs < REPORT_MS) return;
    this.#reportedMs = nowMs;
    const words = "the index of the history is made again from its files";
    this.#options.context.logger.warn({ ...progress }, words);
  }

  #lose({ stream, file, reason, rows }: LostFile): void {
    const { logger } = this.#options.context;
    logger.error(
      { stream, file, rows, err: reason },
      "a file of points is damaged and set aside; what is missing is read from the rows again",
    );
    this.#lost.push(`${file} was damaged, and is set aside`);
    this.#streams.get(stream)?.lose();
  }
}
