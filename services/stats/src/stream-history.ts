import { basename } from "node:path";
import type { ServiceContext } from "@weir/runtime";
import type { Catalogue, Erasure, HistoryWriter } from "@weir/series";
import { openSeriesReader } from "@weir/streams";
import { Attempts } from "./attempts.ts";
import { Backfill } from "./backfill.ts";
import type { FollowedStream } from "./config.ts";
import { HistoryFeed } from "./history-feed.ts";
import type { HistoryMetrics } from "./history-metrics.ts";
import { Refilling } from "./refilling.ts";
import { resumeWithin } from "./resume-within.ts";
import type { SeriesFollower } from "./series-follower.ts";

/** The one file of the stream data has rows of the last 31 minutes at least. */
const FLUSH_FILE_MS = 300_000;
/** Of the time for which rows are kept: within it, their points are written. */
const FLUSH_PART = 1 / 4;
const EXPIRY_MS = 3_600_000;
const PROGRESS_MS = 10_000;

interface StreamHistoryOptions {
  stream: FollowedStream;
  /** Opens what its points are written with, which may take a while. */
  open: () => Promise<HistoryWriter>;
  catalogue: Catalogue;
  skewUs: number;
  /** Points are written at least so often: what a kill takes out of memory is read from the rows again. */
  historyFlushMs: number;
  metrics: HistoryMetrics;
  context: ServiceContext;
  /** Whether more points may wait, of all streams. */
  hasRoom: () => boolean;
  onTaken: (points: number) => void;
}

/** The history of one stream, while stats runs: what feeds it, and what is due for it. */
export class StreamHistory implements Disposable {
  readonly feed: HistoryFeed;
  readonly #options: StreamHistoryOptions;
  readonly #writing: Attempts;
  readonly #merging: Attempts;
  #stream: FollowedStream;
  #writer: HistoryWriter | null = null;
  #backfill: Backfill | null = null;
  #refilling: Refilling | null = null;
  /** Points of damaged files may be missing. */
  #mayLack = true;
  #isLeft = false;
  #hasNews = false;
  #flushedMs: number;
  #expiredMs = Number.NEGATIVE_INFINITY;
  /** When its backfill was reported last, or began. */
  #reportedMs = 0;
  #isReported = false;

  constructor(options: StreamHistoryOptions) {
    const { stream, context, hasRoom, onTaken } = options;
    const { name, place } = stream;
    this.#options = options;
    this.#stream = stream;
    this.#flushedMs = this.#nowMs();
    this.#writing = new Attempts(context, { stream: name, task: "written" });
    this.#merging = new Attempts(context, { stream: name, task: "merged" });
    this.feed = new HistoryFeed({
      onlySegment: place.kind === "file" ? basename(place.file) : null,
      hasRoom: () => hasRoom() && this.#writer?.isFull === false,
      onTaken: (points) => {
        this.#hasNews = true;
        onTaken(points);
      },
    });
  }

  /** Reads what is missing beside the follower of the stream. */
  follow(stream: FollowedStream, follower: SeriesFollower): void {
    const { catalogue, skewUs, metrics, context } = this.#options;
    const { name, place } = stream;
    this.leave();
    this.#isLeft = false;
    this.#stream = stream;
    this.#backfill = new Backfill({
      place,
      reader: openSeriesReader(stream, skewUs),
      catalogue: catalogue.stream(name),
      feed: this.feed,
      shared: () => follower.position(),
      monotonicMs: () => this.#nowMs(),
      onRows: (rows) => metrics.backfilled.inc({ stream: name }, rows),
      onSkipped: ({ reason }) => {
        metrics.skipped.inc({ stream: name });
        context.logger.warn({ stream: name, reason }, "the history lacks a segment");
      },
    });
  }

  /** The same stream is kept for another time. */
  keep(stream: FollowedStream): void {
    this.#stream = stream;
    this.#expiredMs = Number.NEGATIVE_INFINITY;
  }

  /** The stream is not followed any more: what was taken is written soon, and nothing comes. */
  leave(): void {
    this.#backfill?.[Symbol.dispose]();
    this.#backfill = null;
    this.#endRefilling();
    this.#isLeft = true;
  }

  /** Whether it was left, and everything is written. */
  get isOver(): boolean {
    return this.#isLeft && !this.#hasNews;
  }

  /** Points in memory. */
  get waiting(): number {
    return this.#writer?.waitingPoints ?? 0;
  }

  /** What its files take. */
  get use(): { files: number; bytes: number } {
    return this.#writer?.use ?? { files: 0, bytes: 0 };
  }

  /** Points that were not kept. */
  get leftOut(): { tooOld: number; turnedAway: number } {
    return { tooOld: this.#writer?.tooOld ?? 0, turnedAway: this.feed.turnedAway };
  }

  /** Committed rows of the segment that its backfill reads, behind what that has read. */
  get backfillLagRows(): number {
    return this.#backfill?.progress?.lagRows ?? 0;
  }

  /** Why it cannot be kept now; `null` where it is kept. */
  get problem(): string | null {
    return this.#writing.problem ?? this.#merging.problem;
  }

  /** A damaged file of it was set aside: its points are read from the rows again. */
  lose(): void {
    this.#mayLack = true;
  }

  /** One step of reading what is missing; false when there is nothing to read for now. */
  readSome(): boolean {
    return (this.#backfill?.step() ?? false) || (this.#refilling?.step() ?? false);
  }

  /** Writes what is due, and removes what is too old. @param isUrgent points must make room for others. */
  async write(isUrgent: boolean): Promise<void> {
    await this.#writing.attempt(async () => {
      const writer = await this.#opened();
      if (!this.feed.isReady) {
        await this.feed.beginAgain();
        this.#hasNews = false;
      }
      await this.#refill(writer);
      if (this.#hasNews && (isUrgent || this.#isDue(writer))) await this.#flush(writer);
      this.#expire(writer);
    });
  }

  /** Removes points for good. @returns whether it has succeeded: otherwise it is tried again. */
  async erase(erasure: Erasure): Promise<boolean> {
    let isErased = false;
    await this.#writing.attempt(async () => {
      const writer = await this.#opened();
      await writer.erase(erasure);
      isErased = true;
    });
    return isErased;
  }

  /** Puts files together, until there is nothing to be done. */
  async merge(): Promise<void> {
    const { metrics } = this.#options;
    const writer = this.#writer;
    if (writer === null) return;
    await this.#merging.attempt(async () => {
      while (await writer.merge()) metrics.merges.inc({ stream: this.#stream.name });
    });
  }

  /** Says now and then how far its backfill is, where that takes a while. */
  report(): void {
    const { clock, logger } = this.#options.context;
    const stream = this.#stream.name;
    const progress = this.#backfill?.progress ?? null;
    if (progress === null) {
      if (this.#isReported) logger.info({ stream }, "the history has caught up with the stream");
      this.#isReported = false;
      this.#reportedMs = this.#nowMs();
      return;
    }
    if (this.#nowMs() - this.#reportedMs < PROGRESS_MS) return;
    const { rows, firstUs, receivedUs } = progress;
    const share = (receivedUs - firstUs) / Math.max(1, clock.now() * 1_000 - firstUs);
    const percent = Math.min(100, Math.floor(share * 100));
    logger.info({ stream, rows, percent }, "the history takes in older rows");
    this.#isReported = true;
    this.#reportedMs = this.#nowMs();
  }

  [Symbol.dispose](): void {
    this.leave();
    this.#writing.end();
    this.#merging.end();
  }

  async #opened(): Promise<HistoryWriter> {
    if (this.#writer !== null) return this.#writer;
    const writer = await this.#options.open();
    // Before anything is given, so that what is too old is not taken.
    this.#expire(writer);
    this.feed.open(writer);
    resumeWithin(this.#stream.place, [this.feed]);
    this.#writer = writer;
    return writer;
  }

  #isDue(writer: HistoryWriter): boolean {
    if (this.#isLeft || writer.isDue) return true;
    const { place, rowsAgeMs } = this.#stream;
    const { historyFlushMs } = this.#options;
    const everyMs =
      place.kind === "file" ? Math.min(historyFlushMs, FLUSH_FILE_MS) : historyFlushMs;
    const dueMs = rowsAgeMs === null ? everyMs : Math.min(everyMs, rowsAgeMs * FLUSH_PART);
    return this.#nowMs() - this.#flushedMs >= dueMs;
  }

  async #flush(writer: HistoryWriter): Promise<void> {
    this.#hasNews = false;
    try {
      await writer.flush();
    } catch (error) {
      this.#hasNews = true;
      throw error;
    }
    this.#flushedMs = this.#nowMs();
    this.#options.metrics.flushes.inc({ stream: this.#stream.name });
  }

  /** Writes the points of a damaged file that were read again, and goes on with the next one. */
  async #refill(writer: HistoryWriter): Promise<void> {
    if (this.#refilling?.isDone) {
      await this.#refilling.refill.finish();
      this.#endRefilling();
    }
    if (this.#refilling !== null || !this.#mayLack || this.#isLeft) return;
    const [refill] = writer.refills();
    this.#mayLack = refill !== undefined;
    if (refill === undefined) return;
    const { catalogue, skewUs } = this.#options;
    this.#refilling = new Refilling({
      refill,
      place: this.#stream.place,
      reader: openSeriesReader(this.#stream, skewUs),
      catalogue: catalogue.stream(this.#stream.name),
      monotonicMs: () => this.#nowMs(),
    });
  }

  #endRefilling(): void {
    this.#refilling?.[Symbol.dispose]();
    this.#refilling = null;
  }

  #expire(writer: HistoryWriter): void {
    const { historyMs } = this.#stream;
    if (historyMs === null || this.#nowMs() - this.#expiredMs < EXPIRY_MS) return;
    writer.expire((this.#options.context.clock.now() - historyMs) * 1_000);
    this.#expiredMs = this.#nowMs();
  }

  #nowMs(): number {
    return this.#options.context.clock.monotonic();
  }
}
