import { edgesOf } from "@weir/series";
import type { DataSet } from "./sets.ts";

/** Something that keeps the points of a set and answers for them. */
export interface Subject extends AsyncDisposable {
  name: string;
  /** The size of everything that it keeps of the set; `null` where others keep it. */
  bytes(): number | null;
  /**
   * Asks for count, sum, min and max of each bucket.
   *
   * @returns reads the answer, which is not a part of what is measured.
   */
  ask(question: Question): Promise<() => Answer>;
}

/** A kind of subject, which a set can be given to. */
export interface SubjectKind {
  name: string;
  /** What is missing on this machine, and how to get it; `null` when it can take part. */
  obstacle(): string | null;
  /** Gives it all points of a set. @param folder an empty one for what it keeps. */
  open(set: DataSet, folder: string): Promise<Subject>;
}

/** A question about series over time, in buckets of one length. Times in microseconds since the epoch. */
export interface Question {
  /** The numbers of the series in the set. */
  series: readonly number[];
  fromUs: number;
  toUs: number;
  bucketsMax: number;
  /** The buckets that this makes. */
  buckets: { fromUs: number; stepUs: number; count: number };
}

/** The time zone whose clocks divide the time. */
export const TIME_ZONE = "UTC";

/** @throws RangeError where it makes months: other subjects have no such buckets. */
export function questionOf(asked: Omit<Question, "buckets">): Question {
  // The first one of all lies before the question.
  const edges = edgesOf(asked, asked.bucketsMax, TIME_ZONE).us.slice(1);
  const [fromUs = Number.NaN, secondUs = Number.NaN] = edges;
  const stepUs = secondUs - fromUs;
  const count = edges.length - 1;
  if (edges.at(-1) !== fromUs + count * stepUs) {
    throw new RangeError(`the buckets of ${asked.fromUs} to ${asked.toUs} are not of one length`);
  }
  return { ...asked, buckets: { fromUs, stepUs, count } };
}

/** Of each series, in the order of the question, each of its buckets. Without points, `sum`, `min` and `max` are 0. */
export interface Answer {
  count: Float64Array;
  sum: Float64Array;
  min: Float64Array;
  max: Float64Array;
}

const PARTS = ["count", "sum", "min", "max"] as const;

export function emptyAnswer({ series, buckets }: Question): Answer {
  const part = (): Float64Array => new Float64Array(series.length * buckets.count);
  return { count: part(), sum: part(), min: part(), max: part() };
}

/** Fills one bucket of an answer. @param at its number, those of the series before it included. */
export function fillBucket(
  answer: Answer,
  at: number,
  bucket: Readonly<Record<(typeof PARTS)[number], number>>,
): void {
  for (const part of PARTS) answer[part][at] = bucket[part];
}

/** Answers with a loop over the points of a set. */
export function computeAnswer(points: readonly Points[], question: Question): Answer {
  const answer = emptyAnswer(question);
  const { fromUs, stepUs, count } = question.buckets;
  for (const [place, number] of question.series.entries()) {
    const { us, values } = points[number] as Points;
    for (const [index, value] of values.entries()) {
      const bucket = Math.floor(((us[index] as number) - fromUs) / stepUs);
      if (bucket < 0 || bucket >= count) continue;
      const at = place * count + bucket;
      const isFirst = answer.count[at] === 0;
      fillBucket(answer, at, {
        count: (answer.count[at] as number) + 1,
        sum: (answer.sum[at] as number) + value,
        min: isFirst ? value : Math.min(answer.min[at] as number, value),
        max: isFirst ? value : Math.max(answer.max[at] as number, value),
      });
    }
  }
  return answer;
}

interface Points {
  us: Float64Array;
  values: Float64Array;
}

/** Numbers that are added in another order differ in the last digits. */
const ROUNDING = 1e-9;

/** @throws Error naming the first difference between an answer and what a loop computes. */
export function checkAnswer(name: string, answer: Answer, expected: Answer): void {
  for (const part of PARTS) {
    const [found, wanted] = [answer[part], expected[part]];
    const tolerance = part === "sum" ? ROUNDING : 0;
    const isEqual = (value: number, other: number): boolean =>
      Math.abs(value - other) <= tolerance * Math.abs(other);
    const at = wanted.findIndex((value, index) => !isEqual(found[index] ?? Number.NaN, value));
    if (at < 0 && found.length === wanted.length) continue;
    throw new Error(
      `${name}: ${part} of bucket ${at} of ${wanted.length} is ${found[at]}, not ${wanted[at]}`,
    );
  }
}
