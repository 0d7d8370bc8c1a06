import type { Effect, Outcome } from "@weir/flows";
import { Fault, visible } from "@weir/runtime";
import {
  type Bucket,
  type CataloguedSeries,
  findSeries,
  formatSeries,
  parseSeries,
  readSeriesOfTopic,
} from "@weir/series";
import { type HistorySource, readHistory } from "@weir/streams";
import { failed } from "./performer.ts";

type HistoryEffect = Extract<Effect, { kind: "history" }>;

/** A stream without a history answers out of its rows, which may take long. */
const ANSWER_MS_MAX = 10_000;

/** Of what it is asked. */
export type AskedHistory = Pick<HistorySource, "streams" | "indexFile" | "skewUs" | "signal">;

/**
 * One number of the history of a series. The span ends with `toMs`, whose readings count, and begins right after
 * `fromMs`.
 *
 * @returns with the result `{ value, count, fromMs, toMs }`; the value is `null` without readings.
 * @throws the reason of the source's signal when that aborts.
 */
export async function historyOf(
  { series: name, fromMs, toMs, aggregate }: HistoryEffect,
  source: AskedHistory,
): Promise<Outcome> {
  const limit = AbortSignal.timeout(ANSWER_MS_MAX);
  try {
    source.signal.throwIfAborted();
    const found = find(name, source);
    if ("problem" in found) return failed(found.problem);
    const { series } = found;
    if (aggregate === "increase" && series.kind !== "counter") {
      return failed(`${formatSeries(series)} is no counter: take the first and the last value`);
    }
    const span = { fromUs: (fromMs + 1) * 1_000, toUs: (toMs + 1) * 1_000 };
    const { answers } = await readHistory(
      { series: [series], ...span, bucketsMax: 1, timeZone: "UTC", isThorough: false },
      {
        ...source,
        streams: source.streams.filter((stream) => stream.name === series.stream),
        nowUs: span.toUs,
        signal: AbortSignal.any([source.signal, limit]),
        // What cannot be read is missing on the pages, too, which say so.
        onSkipped: () => {},
      },
    );
    const bucket = answers[0]?.buckets[0];
    const count = bucket?.count ?? 0;
    const value = bucket === undefined ? null : numberIn(bucket, aggregate);
    return { isDone: true, result: { value, count, fromMs, toMs } };
  } catch (error) {
    source.signal.throwIfAborted();
    if (limit.aborted) {
      return failed(
        `the history took longer than ${ANSWER_MS_MAX / 1_000} s: ask for less time, or let the stream keep its history (history in weir.yaml)`,
      );
    }
    if (error instanceof Fault) return failed(error.message);
    throw error;
  }
}

function find(
  name: string,
  { streams, indexFile }: AskedHistory,
): { series: CataloguedSeries } | { problem: string } {
  const names = streams.map((stream) => stream.name);
  const ofTopic = readSeriesOfTopic(indexFile, names, parseSeries(name, names).topic) ?? [];
  const named = findSeries(ofTopic, name);
  switch (named.kind) {
    case "found":
      return { series: named.series };
    case "ambiguous":
      return {
        problem: `${visible(name)} is a series of several streams: name one of ${named.series.map(formatSeries).map(visible).join(", ")}`,
      };
    case "unknown":
      return { problem: `there is no series ${visible(name)}${visible(named.suggestion)}` };
  }
}

function numberIn(bucket: Bucket, aggregate: HistoryEffect["aggregate"]): number | null {
  const { average, count } = bucket;
  switch (aggregate) {
    case "mean":
      return average;
    case "sum":
      return average === null ? null : average * count;
    case "first":
    case "last":
      return bucket[aggregate]?.value ?? null;
    case "min":
    case "max":
    case "count":
    case "increase":
      return bucket[aggregate];
  }
}
