import { existsSync } from "node:fs";
import { basename } from "node:path";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { Catalogue, Kind, Path, Reading, SeriesReader, StreamCatalogue } from "@weir/series";
import {
  followStream,
  type RowPosition,
  rowIdOf,
  type Skipped,
  type StoredMessage,
  type StreamFollower,
  type StreamPlace,
} from "@weir/store";
import type { HistoryFeed } from "./history-feed.ts";
import { resumeWithin } from "./resume-within.ts";
import { forgottenSecond, SLACK_SECONDS } from "./ring.ts";
import { type Moment, type Series, SeriesSet } from "./series-set.ts";
import type { StatisticsTopicOf } from "./series-topics.ts";

interface SeriesFollowerOptions {
  /** Of the stream. */
  name: string;
  place: StreamPlace;
  reader: SeriesReader;
  catalogue: Catalogue;
  /** `null` for a stream whose series have no statistics: then only the catalogue follows it. */
  statistics: { topicOf: StatisticsTopicOf; seriesMax: number } | null;
  /** Takes the points; `null` for a stream without a history. */
  history: HistoryFeed | null;
  /** How far ahead of reception an observation may lie, in microseconds. */
  skewUs: number;
  /** Changes when a deletion has hidden rows of the stream, or has brought them back. Default: there are none. */
  deletions?: () => string;
  moment: () => Moment;
  onAdded: (points: { kept: number; turnedAway: number }) => void;
  onSkipped: (skipped: Skipped) => void;
  /** All is read once more. */
  onRestarted: () => void;
  /** Nothing is left of these series. */
  onForgotten: (series: readonly Series[]) => void;
}

/** One pass over all that the windows and the catalogue need, and over what follows. */
interface Pass {
  stream: StreamFollower;
  /** Up to where it has looked; `null` for nowhere yet. */
  through: RowPosition | null;
  /** Whether it gives each row behind `through`. One that begins with a time leaves out what is older. */
  isGapless: boolean;
  /** The latest second at which it was looked at: what no window needed then is forgotten. */
  latestSecond: number;
  startMs: number;
  /** What the deletions were when it began. */
  deletions: string;
  /** When it had caught up for the first time; `null` before. */
  completeMs: number | null;
}

const STEPS_PER_LOOK = 200;
const CLEANING_SECONDS = 10;
// Where segments are removed again and again, reading all again takes at most a tenth of the time.
const PAUSE_TIMES = 10;

/** Follows a stream: counts its series in the catalogue, and keeps the windows of those that have statistics. */
export class SeriesFollower implements Disposable {
  readonly #options: SeriesFollowerOptions;
  readonly #catalogue: StreamCatalogue;
  readonly #series: SeriesSet;
  readonly #counted = new CountedSegments();
  #pass: Pass;
  #cleanedSecond = -Infinity;
  #lagRows = 0;
  #isClosed = false;

  constructor(options: SeriesFollowerOptions) {
    this.#options = options;
    this.#catalogue = options.catalogue.stream(options.name);
    this.#series = new SeriesSet(options.statistics?.seriesMax ?? 0);
    this.#pass = this.#begin();
  }

  /** Reads what is new, each row once, and forgets what is old. */
  async follow(): Promise<void> {
    const now = this.#options.moment();
    if (this.#isAstray(now) || this.#isOutdated(now)) this.#restart();
    this.#pass.latestSecond = Math.max(this.#pass.latestSecond, now.atSecond);
    this.#clean(now);
    for (let steps = 0; steps < STEPS_PER_LOOK && !this.#isClosed && this.#step(); steps += 1) {
      await yieldToEvents();
    }
  }

  get series(): Pick<SeriesSet, "all" | "size"> {
    return this.#series;
  }

  /** Whether everything that the windows need has been read: before, their counts are too small. */
  isComplete(): boolean {
    return this.#pass.completeMs !== null;
  }

  /** Committed rows of the segment that is being read that were not looked at yet. */
  lagRows(): number {
    return this.#lagRows;
  }

  /** Up to where the stream was looked at, and whether each row behind that will come. */
  position(): Pick<Pass, "through" | "isGapless"> {
    return this.#pass;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#options.history?.leave();
    this.#pass.stream[Symbol.dispose]();
  }

  #begin(): Pass {
    const { moment, history } = this.#options;
    const { atSecond, nowMs } = moment();
    const start = this.#startAt(atSecond);
    const through = start.after ?? null;
    const isGapless = start.fromUs === undefined;
    if (isGapless) history?.join(through);
    return {
      stream: this.#follow(start),
      through,
      isGapless,
      latestSecond: atSecond,
      startMs: nowMs,
      deletions: this.#deletions(),
      completeMs: null,
    };
  }

  #follow(start: { fromUs?: number; after?: RowPosition }): StreamFollower {
    const { place, moment } = this.#options;
    return followStream({ place, monotonicMs: () => moment().nowMs, ...start });
  }

  /** Where the windows or the catalogue need rows from, whichever is earlier. */
  #startAt(atSecond: number): { fromUs?: number; after?: RowPosition } {
    const { place, skewUs, statistics, history } = this.#options;
    resumeWithin(place, history === null ? [this.#catalogue] : [this.#catalogue, history]);
    const { progress } = this.#catalogue;
    if (progress === null) return {};
    const fromUs = forgottenSecond(atSecond) * 1_000_000 - skewUs;
    return statistics === null || progress.receivedUs < fromUs ? { after: progress } : { fromUs };
  }

  #deletions(): string {
    return this.#options.deletions?.() ?? "";
  }

  #restart(): void {
    this.#options.history?.leave();
    this.#pass.stream[Symbol.dispose]();
    this.#series.restart();
    this.#counted.clear();
    this.#pass = this.#begin();
    this.#options.onRestarted();
  }

  /** Whether the clock has moved to where the windows cannot be derived from what was read. */
  #isAstray({ atSecond }: Moment): boolean {
    return atSecond < this.#pass.latestSecond - SLACK_SECONDS || !this.#series.covers(atSecond);
  }

  /** Whether what is stored differs from what was counted, and enough time has passed to look again. */
  #isOutdated({ nowMs }: Moment): boolean {
    const { startMs, completeMs, deletions } = this.#pass;
    if (completeMs === null) return false;
    if (nowMs - completeMs < PAUSE_TIMES * (completeMs - startMs)) return false;
    if (this.#deletions() !== deletions) return true;
    return this.#series.hasRoomAgain || this.#series.hasNewKinds || this.#counted.hasLost();
  }

  #clean({ atSecond }: Moment): void {
    if (Math.abs(atSecond - this.#cleanedSecond) < CLEANING_SECONDS) return;
    this.#cleanedSecond = atSecond;
    this.#counted.forgetThrough(forgottenSecond(atSecond));
    this.#options.onForgotten(this.#series.moveTo(atSecond));
  }

  /** One step of reading; false when there is nothing more for now. */
  #step(): boolean {
    const found = this.#pass.stream.step();
    switch (found.kind) {
      case "rows":
        this.#add(found.rows.messages, found.rows.file);
        this.#pass.through = { segment: basename(found.rows.file), id: found.rows.throughId };
        this.#lagRows = found.rows.lagRows;
        return true;
      case "skipped":
        this.#options.onSkipped(found.skipped);
        return true;
      case "gone":
        // A file that retention has removed stays read; one in the place of another has not been read.
        if (this.#options.place.kind === "file") {
          this.#catalogue.restart();
          this.#options.history?.restart();
        }
        this.#restart();
        return true;
      case "busy":
        return false;
      case "unchanged":
      case "nothing yet":
        this.#complete();
        return false;
    }
  }

  #add(messages: readonly StoredMessage[], file: string): void {
    const { reader, catalogue, history, moment } = this.#options;
    const segment = basename(file);
    const page = { file, now: moment(), kept: 0, turnedAway: 0 };
    for (const message of messages) {
      const id = rowIdOf(message.cursor);
      const row = { segment, id, receivedUs: message.receivedUs };
      const reading = reader.read(message, this.#catalogue.memory.at(row));
      if (reading.metadata.length > 0) catalogue.describe(reading.metadata);
      const entries = this.#catalogue.note(reading, row);
      if (history?.isLive) history.take(reading, entries, row);
      this.#average(reading, (path) => entries?.get(path)?.kind ?? "gauge", id, page);
    }
    this.#options.onAdded(page);
  }

  /** Adds the points of a row to their windows. */
  #average(
    { topic, family, points }: Reading,
    kindOf: (path: Path) => Kind,
    id: number,
    page: { file: string; now: Moment; kept: number; turnedAway: number },
  ): void {
    const { statistics } = this.#options;
    if (statistics === null) return;
    for (const { path, value, observedUs } of points) {
      const statisticsTopic = statistics.topicOf(topic, path, family);
      if (statisticsTopic === null) continue;
      const second = Math.floor(observedUs / 1_000_000);
      const point = { topic: statisticsTopic, kind: kindOf(path), second, value, id };
      const result = this.#series.add(point, page.now);
      if (result === "turned away") page.turnedAway += 1;
      if (result !== "kept") continue;
      page.kept += 1;
      this.#counted.note(page.file, second);
    }
  }

  #complete(): void {
    this.#lagRows = 0;
    this.#leaveNothingOut();
    if (this.#pass.completeMs !== null) return;
    this.#pass.completeMs = this.#options.moment().nowMs;
    this.#options.onForgotten(this.#series.settle());
  }

  /** A pass that began with a time goes on from the row that it has reached: what follows comes without exception. */
  #leaveNothingOut(): void {
    const { through, isGapless, stream } = this.#pass;
    if (isGapless || through === null) return;
    stream[Symbol.dispose]();
    this.#pass.stream = this.#follow({ after: through });
    this.#pass.isGapless = true;
    this.#options.history?.join(through);
  }
}

/**
 * The segments that have readings in a window. Retention removes the oldest first, and whole files: a
 * look at the oldest shows whether anything is missing, and the others get theirs in turn.
 */
class CountedSegments {
  /** By file, in the order of the stream. */
  readonly #newestSeconds = new Map<string, number>();
  #turns = this.#newestSeconds.keys();

  /** A reading of this second was counted, out of this file. */
  note(file: string, second: number): void {
    const newest = this.#newestSeconds.get(file);
    if (newest === undefined || second > newest) this.#newestSeconds.set(file, second);
  }

  /** Whether one of them has vanished. Looks at two of them at most. */
  hasLost(): boolean {
    const [oldest] = this.#newestSeconds.keys();
    const { value: inTurn } = this.#turns.next();
    // After the last one, from the beginning.
    if (inTurn === undefined) this.#turns = this.#newestSeconds.keys();
    return [oldest, inTurn].some((file) => file !== undefined && !existsSync(file));
  }

  /** Forgets those whose readings are all of this second or older. */
  forgetThrough(second: number): void {
    for (const [file, newest] of this.#newestSeconds) {
      if (newest <= second) this.#newestSeconds.delete(file);
    }
  }

  clear(): void {
    this.#newestSeconds.clear();
  }
}
