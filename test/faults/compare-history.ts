import { type Bucket, readCatalogue } from "@weir/series";
import { readStatsConfig } from "@weir/stats/config";
import { readHistory } from "@weir/streams";
import { type NumberedPoint, pointOf, SOME_LATE_MS } from "./numbered-points.ts";

const HOUR_MS = 3_600_000;
const DAYS = 32;
const PROBLEMS_MAX = 5;

interface Compared {
  /** Of the services. */
  environment: Readonly<Record<string, string>>;
  /** The numbers of all stored messages. */
  numbers: readonly number[];
  sinceMs: number;
  signal: AbortSignal;
}

/**
 * Compares what the history answers, by the hour and by the second, with a plain loop over everything that is stored.
 *
 * @returns what is wrong, in words.
 */
export async function compareHistory(compared: Compared): Promise<string[]> {
  const { environment, numbers, sinceMs, signal } = compared;
  const { streams, indexFile, skewUs } = readStatsConfig(environment).series;
  const points = numbers.map((number) => pointOf(number, sinceMs));
  const byTopic = Map.groupBy(points, ({ topic }) => topic);
  const series = (readCatalogue(indexFile) ?? []).filter(({ topic }) => byTopic.has(topic));
  const problems: string[] = [];
  if (series.length !== 2 * byTopic.size) {
    problems.push(`there are ${series.length} series of ${byTopic.size} topics with two each`);
  }
  const onSkipped = ({ reason }: { reason: string }) => problems.push(reason);
  const source = { streams, indexFile, skewUs, nowUs: Date.now() * 1_000, signal, onSkipped };
  const endMs = Math.max(...points.map(({ timeMs }) => timeMs)) + 1;
  const fromMs = sinceMs - SOME_LATE_MS;
  const spans = [
    { fromMs: sinceMs - DAYS * 24 * HOUR_MS, bucketsMax: (DAYS + 2) * 24 },
    { fromMs, bucketsMax: Math.ceil((endMs - fromMs) / 1_000) + 2 },
  ];
  for (const span of spans) {
    const us = { fromUs: span.fromMs * 1_000, toUs: endMs * 1_000 };
    const { bucketsMax } = span;
    const question = { ...us, bucketsMax, timeZone: "UTC", isThorough: false };
    const { answers, step } = await readHistory({ ...question, series }, source);
    for (const { series: one, buckets } of answers) {
      const path = one.path === "number" ? "number" : "level";
      const found = compareBuckets([...buckets], byTopic.get(one.topic) ?? [], path);
      problems.push(...found.map((words) => `${one.topic}#${path} by ${step}: ${words}`));
    }
  }
  const more = problems.length - PROBLEMS_MAX;
  return more > 0 ? [...problems.slice(0, PROBLEMS_MAX), `and ${more} more`] : problems;
}

function compareBuckets(
  buckets: readonly Bucket[],
  points: readonly NumberedPoint[],
  path: "number" | "level",
): string[] {
  const startUs = buckets[0]?.fromUs ?? 0;
  const samples = points
    .map((point) => ({ us: point.timeMs * 1_000, value: point[path] }))
    .filter(({ us }) => us >= startUs)
    .sort((one, other) => one.us - other.us);
  const problems: string[] = [];
  let at = 0;
  for (const bucket of buckets) {
    const before = samples[at - 1] ?? null;
    const from = at;
    while ((samples[at]?.us ?? Number.POSITIVE_INFINITY) < bucket.toUs) at += 1;
    const expected = loopOver(samples.slice(from, at), before);
    const words = differences(bucket, expected);
    if (words !== "") problems.push(`${new Date(bucket.fromUs / 1_000).toISOString()} ${words}`);
  }
  if (at < samples.length) problems.push(`${samples.length - at} points lie behind the answer`);
  return problems;
}

type Sample = { us: number; value: number };

function loopOver(samples: readonly Sample[], before: Sample | null) {
  const values = samples.map(({ value }) => value);
  if (values.length === 0) return { count: 0 };
  const steps = before === null ? values : [before.value, ...values];
  let [sum, increase, transitions] = [0, 0, 0];
  for (const value of values) sum += value;
  for (let index = 1; index < steps.length; index += 1) {
    const [one = 0, other = 0] = [steps[index - 1], steps[index]];
    increase += other < one ? other : other - one;
    transitions += Number(other !== one);
  }
  return {
    count: values.length,
    min: Math.min(...values),
    max: Math.max(...values),
    average: sum / values.length,
    firstUs: samples[0]?.us ?? null,
    lastUs: samples.at(-1)?.us ?? null,
    increase,
    transitions,
  };
}

/** In words; empty where all is the same, but for rounding. */
function differences({ first, last, ...bucket }: Bucket, expected: object): string {
  const found = { ...bucket, firstUs: first?.us ?? null, lastUs: last?.us ?? null };
  return Object.entries(expected)
    .map(([name, value]: [string, number]) => {
      const given = found[name as keyof typeof found];
      const isSame =
        given === value ||
        (given !== null && Math.abs(given - value) <= 1e-9 * Math.max(1, Math.abs(value)));
      return isSame ? "" : `${name} is ${given} and not ${value}`;
    })
    .filter((words) => words !== "")
    .join(", ");
}
