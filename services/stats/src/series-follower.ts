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
import { forgottenSecond, RING } from "./follower.ts";
import {
  createSeriesSet,
  type Moment,
  type Series,
  type SeriesReading,
  type SeriesSet,
} from "./series-set.ts";

/** Follows a stream of devices' states and keeps the windows of each of their attributes. */
export interface SeriesFollower extends Disposable {
  /** Reads what is new, each row once, and forgets what is old. */
  follow(): Promise<void>;
  series: Pick<SeriesSet, "all" | "size">;
  /** Whether everything that the windows need has been read: before, they tell too little. */
  isComplete(): boolean;
  /** Committed rows of the segment that is being read that were not looked at yet. */
  lagRows(): number;
}

export interface SeriesFollowerOptions extends StateRules {
  place: StreamPlace;
  seriesMax: number;
  moment: () => Moment;
  /** Who is told of what happens. */
  on: {
    added: (readings: { kept: number; turnedAway: number }) => void;
    skipped: (skipped: Skipped) => void;
    /** All is read once more. */
    begunAnew: () => void;
    /** Nothing is left of these series. */
    forgotten: (series: readonly Series[]) => void;
  };
}

/** One reading of all that the windows need, and of what follows. */
interface Reading {
  stream: StreamFollower;
  /** The latest second at which it was looked at: what no window needed then is forgotten. */
  latestSecond: number;
  startMs: number;
  /** When it had caught up for the first time; `null` before. */
  completeMs: number | null;
}

const STEPS_PER_LOOK = 50;
const UPKEEP_SECONDS = 10;
// Where segments are removed again and again, reading anew takes at most a tenth of the time.
const PAUSE_TIMES = 10;

export function createSeriesFollower(options: SeriesFollowerOptions): SeriesFollower {
  const { place, skewUs, moment, on } = options;
  const series = createSeriesSet(options.seriesMax);
  const counted = createCountedSegments();
  let reading = begin();
  let keptUpSecond = -Infinity;
  let lagRows = 0;
  let isClosed = false;

  function begin(): Reading {
    const { atSecond, nowMs } = moment();
    const fromUs = forgottenSecond(atSecond) * 1_000_000 - skewUs;
    const stream = followStream({ place, fromUs, monotonicMs: () => moment().nowMs });
    return { stream, latestSecond: atSecond, startMs: nowMs, completeMs: null };
  }

  function beginAnew(): void {
    reading.stream[Symbol.dispose]();
    series.beginAnew();
    counted.clear();
    reading = begin();
    on.begunAnew();
  }

  /** Whether the clock has moved to where the windows cannot be told from what was read. */
  function isAstray({ atSecond }: Moment): boolean {
    return atSecond < reading.latestSecond - RING.slackSeconds || !series.covers(atSecond);
  }

  /** Whether what is stored differs from what was counted, and enough time has passed to look again. */
  function isOutdated({ nowMs }: Moment): boolean {
    const { startMs, completeMs } = reading;
    if (completeMs === null) return false;
    if (nowMs - completeMs < PAUSE_TIMES * (completeMs - startMs)) return false;
    return series.hasRoomAgain || counted.hasLost();
  }

  function keepUp({ atSecond }: Moment): void {
    if (Math.abs(atSecond - keptUpSecond) < UPKEEP_SECONDS) return;
    keptUpSecond = atSecond;
    counted.forgetThrough(forgottenSecond(atSecond));
    on.forgotten(series.moveTo(atSecond));
  }

  /** One step of reading; false when there is nothing more for now. */
  function step(): boolean {
    const found = reading.stream.step();
    switch (found.kind) {
      case "rows": {
        const now = moment();
        const added = { kept: 0, turnedAway: 0 };
        for (const state of statesIn(found.rows.messages, options)) {
          const result = series.add(state, now);
          if (result === "turned away") added.turnedAway += 1;
          if (result !== "kept") continue;
          added.kept += 1;
          counted.note(found.rows.file, state.second);
        }
        lagRows = found.rows.lagRows;
        on.added(added);
        return true;
      }
      case "skipped":
        on.skipped(found.skipped);
        return true;
      case "gone":
        beginAnew();
        return true;
      case "busy":
        return false;
      case "unchanged":
      case "nothing yet":
        complete();
        return false;
    }
  }

  function complete(): void {
    lagRows = 0;
    if (reading.completeMs !== null) return;
    reading.completeMs = moment().nowMs;
    on.forgotten(series.settle());
  }

  return {
    follow: async () => {
      const now = moment();
      if (isAstray(now) || isOutdated(now)) beginAnew();
      reading.latestSecond = Math.max(reading.latestSecond, now.atSecond);
      keepUp(now);
      for (let steps = 0; steps < STEPS_PER_LOOK && !isClosed && step(); steps += 1) {
        await yieldToEvents();
      }
    },
    series,
    isComplete: () => reading.completeMs !== null,
    lagRows: () => lagRows,
    [Symbol.dispose]: () => {
      isClosed = true;
      reading.stream[Symbol.dispose]();
    },
  };
}

/**
 * The segments that have readings in a window. Retention removes the oldest first, and whole files: a
 * look at the oldest tells whether anything is missing, and the others get theirs in turn.
 */
export interface CountedSegments {
  /** A reading of this second was counted, out of this file. Files come in the order of the stream. */
  note(file: string, second: number): void;
  /** Whether one of them has vanished. Looks at two of them at most. */
  hasLost(): boolean;
  /** Forgets those whose readings are all of this second or older. */
  forgetThrough(second: number): void;
  clear(): void;
}

export function createCountedSegments(): CountedSegments {
  const newestSeconds = new Map<string, number>();
  let turns = newestSeconds.keys();

  /** One after the other, and again from the beginning. */
  function nextInTurn(): string | undefined {
    const { value } = turns.next();
    if (value === undefined) turns = newestSeconds.keys();
    return value;
  }

  return {
    note: (file, second) => {
      const newest = newestSeconds.get(file);
      if (newest === undefined || second > newest) newestSeconds.set(file, second);
    },
    hasLost: () => {
      const oldest = newestSeconds.keys().next().value;
      return [oldest, nextInTurn()].some((file) => file !== undefined && !existsSync(file));
    },
    forgetThrough: (second) => {
      for (const [file, newest] of newestSeconds) if (newest <= second) newestSeconds.delete(file);
    },
    clear: () => newestSeconds.clear(),
  };
}

/** What makes a stored message a device's state. */
export interface StateRules {
  /** The first levels of the topics of devices: a device is the same under each of them. */
  prefixes: readonly string[];
  /** How far ahead of reception an observation may lie before its time is not believed, in microseconds. */
  skewUs: number;
}

const RETAINED = outcomeOf("retained").code;

/** The readings in messages, in their order. What a broker had kept is no news, and has none. */
export function* statesIn(
  messages: readonly StoredMessage[],
  { prefixes, skewUs }: StateRules,
): Generator<SeriesReading> {
  for (const { topic, payload, receivedUs, outcome, observedUs, cursor } of messages) {
    const device = outcome === RETAINED ? null : deviceOfState(topic, prefixes)?.id;
    const state = device ? decodeState(payload, { receivedUs, skewUs }) : null;
    if (!device || state === null) continue;
    // The decoder `device` has found the time out; rows of another one, or of an earlier version, have none.
    const second = Math.floor((observedUs ?? state.observedUs) / 1_000_000);
    const id = rowIdOf(cursor);
    for (const { attribute, value } of state.readings) {
      yield { device, attribute, second, value, id };
    }
  }
}
