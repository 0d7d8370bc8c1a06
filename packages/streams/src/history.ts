import {
  type Bucket,
  Buckets,
  type CataloguedSeries,
  comparePositions,
  edgesOf,
} from "@weir/series";
import { lastPosition, type RowPosition, type Skipped } from "@weir/store";
import { answersOf, goneFault } from "./history-answers.ts";
import type { StoredStream } from "./stream-config.ts";

/** What is asked. Times in microseconds since the epoch. */
export interface HistoryQuestion {
  series: readonly CataloguedSeries[];
  /** The first bucket begins there or before. */
  fromUs: number;
  /** The last bucket ends there or behind. */
  toUs: number;
  bucketsMax: number;
  /** The IANA name of the zone whose clocks divide the time. */
  timeZone: string;
  /**
   * Reads every row that is not in the stored history yet: finds also points that were received while the clock was
   * set back, and those that came by another topic than the catalogue has them from.
   */
  isThorough: boolean;
}

/** What the question is asked of. */
export interface HistorySource {
  streams: readonly StoredStream[];
  indexFile: string;
  /** How far ahead of reception an observation may lie, in microseconds. */
  skewUs: number;
  nowUs: number;
  /** Ends reading between two pages: then its reason is thrown. */
  signal: AbortSignal;
  onSkipped: (skipped: Skipped) => void;
}

export interface History {
  /** The length of the buckets; `null` for one bucket, which is as long as it was asked for. */
  step: string | null;
  /** In the order of the question; each has every bucket. */
  answers: readonly { series: CataloguedSeries; buckets: readonly Bucket[] }[];
  /**
   * Up to which row each stream of the source was read, by name: each point of the rows up to it counts, and none of a
   * later one. `followStream` goes on `after` it. `null` where nothing is stored.
   */
  through: ReadonlyMap<string, RowPosition | null>;
}

/** The answer for one of many series. */
export interface HistoryAnswer {
  series: CataloguedSeries;
  buckets: Buckets;
  /** The last row whose points count; `null` where nothing is stored. Answers for one stream may differ in it. */
  through: RowPosition | null;
}

/** A flush between two snapshots gives the later answers more rows than the earlier ones: then all are asked again. */
const ATTEMPTS_MAX = 3;

/**
 * What series were like over time. The answer comes from the hours that are kept for ever where a bucket has whole
 * ones, from the points in files elsewhere, and from the rows behind these. It is the same wherever it comes from,
 * and points that came late are counted.
 *
 * Of a stream without a history it reads the rows from `skewUs` before the bucket that precedes the first one, by
 * their time of reception, up to now.
 *
 * @throws Fault where points cannot be put in order, and when a store cannot be read.
 */
export async function readHistory(
  question: HistoryQuestion,
  source: HistorySource,
): Promise<History> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const history = await readOnce(question, source);
    if (history !== null) return history;
  }
  throw goneFault(new Error("each time some were newer than others"));
}

/** @returns `null` where answers for one stream do not end with the same row. */
async function readOnce(question: HistoryQuestion, source: HistorySource): Promise<History | null> {
  const { step, answers } = askHistory(question, source);
  const found = new Map<CataloguedSeries, readonly Bucket[]>();
  const through = new Map<string, RowPosition | null>();
  for await (const { series, buckets, through: position } of answers) {
    const isFirst = !through.has(series.stream);
    if (!isFirst && !isSame(through.get(series.stream) ?? null, position)) return null;
    found.set(series, [...buckets]);
    through.set(series.stream, position);
  }
  for (const { name, place } of source.streams) {
    if (!through.has(name)) through.set(name, await lastPosition(place));
  }
  return {
    step,
    answers: question.series.map((series) => ({ series, buckets: found.get(series) ?? [] })),
    through,
  };
}

function isSame(one: RowPosition | null, other: RowPosition | null): boolean {
  if (one === null || other === null) return one === other;
  return comparePositions(one, other) === 0;
}

/**
 * The same for any number of series: their answers come one after the other, in the order in which they are stored,
 * and none is kept. Those of streams that `source` does not have are left out.
 */
export function askHistory(
  { series, isThorough, ...span }: HistoryQuestion,
  source: HistorySource,
): Pick<History, "step"> & { answers: AsyncGenerator<HistoryAnswer> } {
  const { step, us: edges } = edgesOf(span, span.bucketsMax, span.timeZone);
  async function* answer(): AsyncGenerator<HistoryAnswer> {
    for (const stream of source.streams) {
      const asked = series.filter((one) => one.stream === stream.name);
      if (asked.length === 0) continue;
      for await (const some of answersOf(asked, stream, source, { edges, isThorough })) {
        for (const { series: one, partials, through } of some) {
          yield { series: one, buckets: new Buckets(partials, edges, source.nowUs), through };
        }
      }
    }
  }
  return { step, answers: answer() };
}
