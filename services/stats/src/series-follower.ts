import { existsSync } from "node:fs";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import { decodeState, deviceOfState, outcomeOf } from "@weir/protocol";
import {
  followStream,
  rowIdOf,
  type Skipped,
  type StoredMessage,
  type StreamFollower,
  type StreamPlace,
} from "@weir/store";
import { forgottenSecond, SLACK_SECONDS } from "./ring.ts";
import { type Moment, type Series, type SeriesReading, SeriesSet } from "./series-set.ts";

interface SeriesFollowerOptions extends StateRules {
  place: StreamPlace;
  seriesMax: number;
  moment: () => Moment;
  onAdded: (readings: { kept: number; turnedAway: number }) => void;
  onSkipped: (skipped: Skipped) => void;
  /** All is read once more. */
  onRestarted: () => void;
  /** Nothing is left of these series. */
  onForgotten: (series: readonly Series[]) => void;
}

/** One pass over all that the windows need, and over what follows. */
interface Pass {
  stream: StreamFollower;
  /** The latest second at which it was looked at: what no window needed then is forgotten. */
  latestSecond: number;
  startMs: number;
  /** When it had caught up for the first time; `null` before. */
  completeMs: number | null;
}

const STEPS_PER_LOOK = 50;
const CLEANING_SECONDS = 10;
// Where segments are removed again and again, reading all again takes at most a tenth of the time.
const PAUSE_TIMES = 10;

/** Follows a stream of devices' states and keeps the windows of each of their attributes. */
export class SeriesFollower implements Disposable {
  readonly #options: SeriesFollowerOptions;
  readonly #series: SeriesSet;
  readonly #counted = new CountedSegments();
  #pass: Pass;
  #cleanedSecond = -Infinity;
  #lagRows = 0;
  #isClosed = false;

  constructor(options: SeriesFollowerOptions) {
    this.#options = options;
    this.#series = new SeriesSet(options.seriesMax);
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

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#pass.stream[Symbol.dispose]();
  }

  #begin(): Pass {
    const { place, skewUs, moment } = this.#options;
    const { atSecond, nowMs } = moment();
    const fromUs = forgottenSecond(atSecond) * 1_000_000 - skewUs;
    const stream = followStream({ place, fromUs, monotonicMs: () => moment().nowMs });
    return { stream, latestSecond: atSecond, startMs: nowMs, completeMs: null };
  }

  #restart(): void {
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
    const { startMs, completeMs } = this.#pass;
    if (completeMs === null) return false;
    if (nowMs - completeMs < PAUSE_TIMES * (completeMs - startMs)) return false;
    return this.#series.hasRoomAgain || this.#counted.hasLost();
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
        this.#lagRows = found.rows.lagRows;
        return true;
      case "skipped":
        this.#options.onSkipped(found.skipped);
        return true;
      case "gone":
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
    const now = this.#options.moment();
    const added = { kept: 0, turnedAway: 0 };
    for (const reading of readingsIn(messages, this.#options)) {
      const result = this.#series.add(reading, now);
      if (result === "turned away") added.turnedAway += 1;
      if (result !== "kept") continue;
      added.kept += 1;
      this.#counted.note(file, reading.second);
    }
    this.#options.onAdded(added);
  }

  #complete(): void {
    this.#lagRows = 0;
    if (this.#pass.completeMs !== null) return;
    this.#pass.completeMs = this.#options.moment().nowMs;
    this.#options.onForgotten(this.#series.settle());
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

/** What makes a stored message a device's state. */
export interface StateRules {
  /** The first levels of the topics of devices: a device is the same under each of them. */
  prefixes: readonly string[];
  /** How far ahead of reception an observation may lie before its time is replaced, in microseconds. */
  skewUs: number;
}

const RETAINED = outcomeOf("retained").code;

/** The readings in messages, in their order. A retained message is not a new reading, and has none. */
function* readingsIn(
  messages: readonly StoredMessage[],
  { prefixes, skewUs }: StateRules,
): Generator<SeriesReading> {
  for (const { topic, payload, receivedUs, outcome, observedUs, cursor } of messages) {
    const device = outcome === RETAINED ? null : deviceOfState(topic, prefixes)?.id;
    const state = device ? decodeState(payload, { receivedUs, skewUs }) : null;
    if (!device || state === null) continue;
    // The decoder `device` stores the time; rows of another decoder, or of an earlier version, have none.
    const second = Math.floor((observedUs ?? state.observedUs) / 1_000_000);
    const id = rowIdOf(cursor);
    for (const { attribute, value } of state.readings) {
      yield { device, attribute, second, value, id };
    }
  }
}
