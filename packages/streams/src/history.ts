import { filterProblem } from "@weir/protocol";
import {
  type Bucket,
  bucketsOf,
  type CataloguedSeries,
  Collector,
  edgesOf,
  FAMILIES,
  type Path,
  readMemory,
} from "@weir/series";
import { positionOf, readRange, type Skipped } from "@weir/store";
import { openSeriesReader } from "./series-of-stream.ts";
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
   * Reads every row: finds also points that were received while the clock was set back, and those that came by
   * another topic than the catalogue has them from.
   */
  isThorough: boolean;
}

/** What the question is asked of. */
export interface StoredRows {
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
}

/**
 * What series were like over time. It reads the rows from `skewUs` before the bucket that precedes the first one, by
 * their time of reception, up to now: so points that came late are counted.
 *
 * @throws Fault where the points of a bucket cannot be put in order, and when a store cannot be read.
 */
export async function readHistory(question: HistoryQuestion, rows: StoredRows): Promise<History> {
  const { series, bucketsMax, timeZone } = question;
  const { step, us: edges } = edgesOf(question, bucketsMax, timeZone);
  const buckets = new Map<CataloguedSeries, Bucket[]>();
  for (const stream of rows.streams) {
    const asked = series.filter((one) => one.stream === stream.name);
    if (asked.length === 0) continue;
    const collector = new Collector(asked.length, edges);
    const request = { asked, edges, isThorough: question.isThorough };
    let { onSkipped } = rows;
    do {
      await collect(collector, stream, request, { ...rows, onSkipped });
      // Another pass would report the same once more.
      onSkipped = () => {};
    } while (collector.endPass());
    for (const [index, one] of asked.entries()) {
      buckets.set(one, bucketsOf(collector.partialsOf(index), edges, rows.nowUs));
    }
  }
  return { step, answers: series.map((one) => ({ series: one, buckets: buckets.get(one) ?? [] })) };
}

interface Request {
  asked: readonly CataloguedSeries[];
  edges: readonly number[];
  isThorough: boolean;
}

/** Reads all points of one stream's series once. */
async function collect(
  collector: Collector,
  stream: StoredStream,
  { asked, edges, isThorough }: Request,
  { indexFile, skewUs, signal, onSkipped }: StoredRows,
): Promise<void> {
  const wanted = indexesByTopic(asked);
  const reader = openSeriesReader(stream, skewUs);
  const memory = readMemory(indexFile, stream.name);
  const query = isThorough
    ? { isThorough }
    : { fromUs: (edges[0] as number) - skewUs, filters: filtersFor(asked) };
  for await (const page of readRange(stream.place, query)) {
    // What it throws names the signal: the caller knows.
    signal.throwIfAborted();
    page.skipped.forEach(onSkipped);
    for (const message of page.messages) {
      const { topic, points } = reader.read(message, memory.at(positionOf(message.cursor)));
      const indexes = wanted.get(topic);
      if (indexes === undefined) continue;
      for (const { path, value, observedUs } of points) {
        const index = indexes.get(path);
        if (index !== undefined) collector.add(index, { us: observedUs, value });
      }
    }
  }
}

/** Where each series is among those that are asked for. */
function indexesByTopic(asked: readonly CataloguedSeries[]): Map<string, Map<Path, number>> {
  const indexes = new Map<string, Map<Path, number>>();
  for (const [index, { topic, path }] of asked.entries()) {
    const paths = indexes.get(topic) ?? new Map<Path, number>();
    indexes.set(topic, paths.set(path, index));
  }
  return indexes;
}

const OWN_TOPICS = new Set(
  FAMILIES.filter(({ hasOwnTopics }) => hasOwnTopics).map(({ name }) => name),
);

/** The topics of the messages with these series; none for every topic. */
function filtersFor(asked: readonly CataloguedSeries[]): string[] {
  const topics = [...new Set(asked.map(({ topic }) => topic))];
  const isKnown =
    asked.every(({ family }) => !OWN_TOPICS.has(family)) &&
    topics.every((topic) => filterProblem(topic) === null);
  return isKnown ? topics : [];
}
