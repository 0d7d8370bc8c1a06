import type { NumberedReading } from "./numbered-readings.ts";

/** A number that is published, as a point of a series at a time that the number alone decides. */
export interface NumberedPoint {
  number: number;
  topic: string;
  /** Milliseconds since the epoch; no two points have the same. */
  timeMs: number;
  level: number;
}

/** So many messages a second are created: a point is then not ahead of its time. */
export const POINTS_PER_SECOND = 250;
const STEP_MS = 1_000 / POINTS_PER_SECOND;

const TOPICS = 5;
/** Each topic has one of numbers and one of levels. */
export const SERIES = 2 * TOPICS;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Days and a month that have ended get points, too. */
const LATE_DAYS = [1, 2, 30, 31] as const;
/** Before this, no point of the last minutes lies. */
export const SOME_LATE_MS = 45_001;
/** A prime: it scatters the late points over an hour. */
const SCATTER = 7_919;

/** Every seventh point is days late, every eleventh less than a minute. */
export function pointOf(number: number, sinceMs: number): NumberedPoint {
  const topic = `faults/${number % TOPICS}`;
  return { number, topic, timeMs: timeMsOf(number, sinceMs), level: ((number * 37) % 1_000) / 10 };
}

function timeMsOf(number: number, sinceMs: number): number {
  const inTimeMs = sinceMs + number * STEP_MS;
  if (number % 7 === 0) {
    const days = LATE_DAYS[(number / 7) % LATE_DAYS.length] ?? 1;
    return sinceMs - days * DAY_MS - ((number * SCATTER) % HOUR_MS);
  }
  return number % 11 === 0 ? inTimeMs - SOME_LATE_MS : inTimeMs;
}

/** The message that brings a point. */
export function readingOf({ number, topic, timeMs, level }: NumberedPoint): NumberedReading {
  return { topic, fields: { number, level, epochtime: new Date(timeMs).toISOString() } };
}
