import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { Figures } from "../comparison.ts";
import { createRandom, type DataSet, seriesOf } from "./sets.ts";
import { checkAnswer, computeAnswer, type Question, questionOf, type Subject } from "./subject.ts";

const MINUTE_US = 60_000_000;
/** How often the loop's delay is looked at; it adds to what is measured. */
const RESOLUTION_MS = 1;
const LOOKS = 5;

/**
 * Questions for one series each, about spans from a minute to the whole time: a span of hours is as likely as one of
 * months. The same for the same set.
 */
export function randomQuestions(set: DataSet, count: number): Question[] {
  const random = createRandom(4);
  const { fromUs, toUs } = set;
  const series = seriesOf(set).length;
  const longest = Math.log((toUs - fromUs) / MINUTE_US);
  return Array.from({ length: count }, () => {
    const lengthUs = Math.floor(Math.exp(random() * longest) * MINUTE_US);
    const startUs = Math.floor(fromUs + random() * (toUs - fromUs - lengthUs));
    return questionOf({
      series: [Math.floor(random() * series)],
      fromUs: startUs,
      toUs: startUs + lengthUs,
      bucketsMax: 1_000,
    });
  });
}

/** Each question once: how long the answers take. */
export async function askEach(subject: Subject, questions: readonly Question[]): Promise<Figures> {
  const tookMs: number[] = [];
  for (const question of questions) {
    const startMs = performance.now();
    await subject.ask(question);
    tookMs.push(performance.now() - startMs);
  }
  const sorted = tookMs.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return {
    answerP50Ms: at(0.5),
    answerP95Ms: at(0.95),
    answerMaxMs: at(1),
    tookMs: sorted.reduce((sum, ms) => sum + ms, 0),
  };
}

/** How long one answer takes, and for how long the process does nothing else meanwhile. */
export async function askOnce(subject: Subject, question: Question): Promise<Figures> {
  // What was left before is not the question's.
  globalThis.gc?.();
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  // It counts from its second look on.
  await pause(LOOKS * RESOLUTION_MS);
  const startMs = performance.now();
  await subject.ask(question);
  const tookMs = performance.now() - startMs;
  // The last one is noticed afterwards.
  await pause(LOOKS * RESOLUTION_MS);
  delay.disable();
  return { tookMs, blockedMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS) };
}

/** A question to which some give the same answer. */
export interface Check {
  question: Question;
  subjects: readonly Subject[];
}

/** Holds answers against what a loop over the points computes. @throws Error naming the first difference. */
export async function checkSubjects(set: DataSet, checks: readonly Check[]): Promise<void> {
  const series = seriesOf(set);
  for (const { question, subjects } of checks) {
    const expected = computeAnswer(series, question);
    for (const subject of subjects) {
      const read = await subject.ask(question);
      checkAnswer(`${set.name}, ${subject.name}`, read(), expected);
    }
  }
}
