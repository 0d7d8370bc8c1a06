import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { eventually, freePort } from "@weir/testkit";
import { startChild } from "../process.ts";
import { type DataSet, type SetSeries, seriesOf } from "./sets.ts";
import { folderBytes } from "./store.ts";
import {
  type Answer,
  emptyAnswer,
  type Question,
  type Subject,
  type SubjectKind,
} from "./subject.ts";

const PROGRAM = "victoria-metrics";
const READY_WITHIN_MS = 20_000;
/** So often in a row, with these pauses, nothing is merged when all is. */
const QUIET_LOOKS = 10;
const LOOK_MS = 200;
/** Points in a line of an import, and characters in a request. */
const LINE_POINTS = 100_000;
const REQUEST_CHARACTERS = 8_000_000;

const FUNCTIONS = {
  count: "count_over_time",
  sum: "sum_over_time",
  min: "min_over_time",
  max: "max_over_time",
} as const;

/** VictoriaMetrics, asked over HTTP; all of its points are merged before. */
export const victoriaMetrics: SubjectKind = {
  name: "VictoriaMetrics",
  obstacle: () =>
    spawnSync(PROGRAM, ["-version"], { stdio: "ignore" }).error === undefined
      ? null
      : `apt-get install ${PROGRAM}`,
  open: openVictoriaMetrics,
};

async function openVictoriaMetrics(set: DataSet, folder: string): Promise<Subject> {
  const series = seriesOf(set);
  // What it has in memory is written when it ends.
  await importInto(folder, series);
  // Its caches are not counted.
  const bytes = folderBytes(join(folder, "data")) + folderBytes(join(folder, "indexdb"));
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startServer(folder));
  const kept = rowsIn(await server.request("/metrics"));
  if (kept !== set.points) throw new Error(`it keeps ${kept} of ${set.points} points`);
  const started = starting.move();
  return {
    name: victoriaMetrics.name,
    bytes: () => bytes,
    ask: async (question) => {
      const answer = await server.request(`/api/v1/query_range?${parametersOf(series, question)}`);
      return () => read(answer, question);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function importInto(folder: string, series: readonly SetSeries[]): Promise<void> {
  await using server = await startServer(folder);
  for (const body of importsOf(series)) await server.request("/api/v1/import", body);
  await server.request("/internal/force_flush");
  await server.request("/internal/force_merge");
  // A merge that was asked for begins a moment later, and one that its end interrupts may lose what it merges.
  let quietLooks = 0;
  const isQuiet = async (): Promise<boolean> => {
    quietLooks = isMerged(await server.request("/metrics")) ? quietLooks + 1 : 0;
    return quietLooks >= QUIET_LOOKS;
  };
  while (!(await isQuiet())) await pause(LOOK_MS);
}

async function startServer(folder: string) {
  const origin = `http://127.0.0.1:${await freePort()}`;
  await using starting = new AsyncDisposableStack();
  const child = starting.use(
    await startChild(PROGRAM, [
      `-httpListenAddr=${new URL(origin).host}`,
      `-storageDataPath=${folder}`,
      "-retentionPeriod=10y",
      "-loggerLevel=ERROR",
      // An answer that was kept would cost nothing; and with it, questions are moved to whole steps.
      "-search.disableCache",
      "-search.latencyOffset=0s",
    ]),
  );
  const isReady = async () => (await post(`${origin}/health`)) === "OK";
  await Promise.race([eventually(isReady, READY_WITHIN_MS), child.failed]);
  const started = starting.move();
  return {
    request: (path: string, body?: string): Promise<string> =>
      Promise.race([post(origin + path, body), child.failed]),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** @throws Error with what it answers, unless that is a success. */
async function post(url: string, body?: string): Promise<string> {
  const response = await fetch(url, body === undefined ? {} : { method: "POST", body });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${answer.trim()}`);
  return answer;
}

function isMerged(metrics: string): boolean {
  const active = [...metrics.matchAll(/^vm_active_merges\{.*\} (\d+)$/gm)];
  return active.length > 0 && active.every(([, count]) => count === "0");
}

/** The points in its storage. */
function rowsIn(metrics: string): number {
  const found = metrics.matchAll(/^vm_rows\{type="storage\/.*"\} (\d+)$/gm);
  return [...found].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** All points as bodies of requests: a line of JSON for each part of a series. */
function* importsOf(series: readonly SetSeries[]): Generator<string> {
  let lines: string[] = [];
  let characters = 0;
  for (const { topic, path, us, values } of series) {
    for (let from = 0; from < us.length; from += LINE_POINTS) {
      const line = JSON.stringify({
        metric: { __name__: "value", topic, path },
        values: Array.from(values.subarray(from, from + LINE_POINTS)),
        timestamps: Array.from(us.subarray(from, from + LINE_POINTS), (time) => time / 1_000),
      });
      lines.push(line);
      characters += line.length;
      if (characters < REQUEST_CHARACTERS) continue;
      yield lines.join("\n");
      lines = [];
      characters = 0;
    }
  }
  if (lines.length > 0) yield lines.join("\n");
}

/** The end of a span belongs to it, and its beginning does not: a bucket ends a millisecond before the next one. */
function parametersOf(series: readonly SetSeries[], { series: asked, buckets }: Question) {
  const { fromUs, stepUs, count } = buckets;
  const [only] = asked;
  if (only === undefined || asked.length > 1) throw new RangeError("it is asked for one series");
  const { topic, path } = series[only] as SetSeries;
  const endsUs = (bucket: number): number => fromUs + (bucket + 1) * stepUs - 1_000;
  const names = Object.values(FUNCTIONS).map((name) => `"${name}"`);
  const span = `${stepUs / 1_000}ms`;
  const selector = `value{topic="${topic}",path="${path}"}`;
  return new URLSearchParams({
    query: `aggr_over_time((${names.join(", ")}), ${selector}[${span}])`,
    start: String(endsUs(0) / 1e6),
    end: String(endsUs(count - 1) / 1e6),
    step: span,
  });
}

interface RangeAnswer {
  data: { result: { metric: { rollup: string }; values: [seconds: number, text: string][] }[] };
}

function read(text: string, question: Question): Answer {
  // It says so in its reference.
  const { data } = JSON.parse(text) as RangeAnswer;
  const { fromUs, stepUs } = question.buckets;
  const answer = emptyAnswer(question);
  for (const [part, name] of Object.entries(FUNCTIONS)) {
    const found = data.result.find(({ metric }) => metric.rollup === name);
    for (const [seconds, value] of found?.values ?? []) {
      const bucket = Math.floor((Math.round(seconds * 1e6) - fromUs) / stepUs);
      answer[part as keyof Answer][bucket] = Number(value);
    }
  }
  return answer;
}
