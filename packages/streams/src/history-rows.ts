import { filterProblem } from "@weir/protocol";
import {
  type CataloguedSeries,
  FAMILIES,
  type Pace,
  type Path,
  readMemory,
  type StreamMemory,
} from "@weir/series";
import { positionOf, type RangeQuery, readRange, type Skipped } from "@weir/store";
import { openSeriesReader } from "./series-of-stream.ts";
import type { StoredStream } from "./stream-config.ts";

/** Topic filters of a question: where there are more topics, every row is read. */
const FILTERS_MAX = 100;
/** Half of it is what a stretch of rows takes at most. */
const TRANSACTION_MS_MAX = 20;
/** So many messages are read before others may have their turn. */
const MESSAGES_AT_ONCE = 32;

export interface RowsOfSeries {
  stream: StoredStream;
  asked: readonly CataloguedSeries[];
  indexFile: string;
  skewUs: number;
  /** The rows of these series: behind a position, received since a time, or all. */
  query: RangeQuery;
  signal: AbortSignal;
  onSkipped: (skipped: Skipped) => void;
  pace: Pace;
}

/** Reads the points of one stream's series once, in the order of their arrival. @param series is an index of `asked`. */
export async function readPoints(
  { stream, asked, indexFile, skewUs, query, signal, onSkipped, pace }: RowsOfSeries,
  onPoint: (series: number, us: number, value: number) => void,
): Promise<void> {
  const wanted = indexesByTopic(asked);
  const reader = openSeriesReader(stream, skewUs);
  // Opening the index once more takes longer than the rest, where there are no rows.
  let memory: StreamMemory | null = null;
  const filters = query.isThorough === true ? [] : topicFiltersOf(asked);
  for await (const page of readRange(stream.place, {
    ...query,
    filters,
    transactionMsMax: TRANSACTION_MS_MAX,
  })) {
    // What it throws names the signal: the caller knows.
    signal.throwIfAborted();
    page.skipped.forEach(onSkipped);
    for (const [index, message] of page.messages.entries()) {
      if (index % MESSAGES_AT_ONCE === 0) await pace.breathe();
      memory ??= readMemory(indexFile, stream.name);
      const { topic, points } = reader.read(message, memory.at(positionOf(message.cursor)));
      const indexes = wanted.get(topic);
      if (indexes === undefined) continue;
      for (const { path, value, observedUs } of points) {
        const series = indexes.get(path);
        if (series !== undefined) onPoint(series, observedUs, value);
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

/** Topic filters of which each row with these series matches one; none where that takes every topic. */
export function topicFiltersOf(
  asked: readonly Pick<CataloguedSeries, "topic" | "family">[],
): string[] {
  const topics = [...new Set(asked.map(({ topic }) => topic))];
  const isKnown =
    asked.every(({ family }) => !OWN_TOPICS.has(family)) &&
    topics.every((topic) => filterProblem(topic) === null);
  return isKnown && topics.length <= FILTERS_MAX ? topics : [];
}
