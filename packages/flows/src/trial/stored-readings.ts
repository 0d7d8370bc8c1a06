import {
  type CataloguedSeries,
  deviceOf,
  formatSeries,
  type Points,
  readMemory,
  type StreamMemory,
} from "@weir/series";
import { positionOf, type RangeQuery, readRange } from "@weir/store";
import {
  type HistorySource,
  HistorySpans,
  openSeriesReader,
  type StoredStream,
  topicFiltersOf,
} from "@weir/streams";
import type { HeardPoint } from "../node/node.ts";
import type { EventSequence, StoredEvent } from "./stored-event.ts";

/** What is read of a stream. Times in microseconds since the epoch. */
export interface ReadingsQuestion {
  stream: StoredStream;
  fromUs: number;
  toUs: number;
  /** Those of the catalogue that the workflow hears. */
  series: readonly CataloguedSeries[];
  /** Topic filters of everything that it hears in this stream. */
  filters: readonly string[];
  hears(topic: string, path: string): boolean;
}

/** Where events came from. */
export interface Sources {
  points: boolean;
  rows: boolean;
}

/** As many as a reading of rows can select by. */
const FILTERS_MAX = 100;

type About = Omit<HeardPoint, "value" | "observedMs">;

/**
 * The readings of a stream: those with stored points in the order in which they were observed, then those of the rows
 * behind them as they came.
 */
export async function* storedReadings(
  question: ReadingsQuestion,
  source: HistorySource,
  sources: Sources,
): EventSequence {
  const { stream, series, fromUs, toUs } = question;
  const abouts = series.map(aboutOf);
  const spans = new HistorySpans({ series, fromUs, toUs }, stream, source);
  for await (const points of spans.read()) {
    sources.points = true;
    yield eventsOf(points, series, abouts);
  }
  const behind = spans.through === null ? {} : { behind: spans.through };
  yield* readingsOfRows(question, source, { query: behind, sources });
}

function eventsOf(
  points: readonly Points[],
  series: readonly CataloguedSeries[],
  abouts: readonly About[],
): StoredEvent[] {
  const events: StoredEvent[] = [];
  let parts = 0;
  for (const [index, { us, values }] of points.entries()) {
    const one = series[index];
    const about = abouts[index];
    if (us.length === 0 || one === undefined || about === undefined) continue;
    parts += 1;
    const { stream, path } = one;
    const { kind, series: name, topic, device, deviceName, unit } = about;
    for (const [at, observedUs] of us.entries()) {
      const atMs = Math.floor(observedUs / 1_000);
      const value = values[at] as number;
      // Written out: a million copies of an object take longer.
      const heard = {
        kind,
        series: name,
        topic,
        device,
        deviceName,
        value,
        unit,
        observedMs: atMs,
      };
      events.push({ atMs, stream, path, heard });
    }
  }
  return parts > 1 ? events.sort((one, other) => one.atMs - other.atMs) : events;
}

async function* readingsOfRows(
  { stream, series, filters, fromUs, toUs, hears }: ReadingsQuestion,
  { indexFile, skewUs, signal, onSkipped }: HistorySource,
  { query, sources }: { query: RangeQuery; sources: Sources },
): EventSequence {
  const known = new Map(series.map((one) => [`${one.topic}#${one.path}`, aboutOf(one)]));
  const reader = openSeriesReader(stream, skewUs);
  // Of some families a reading has another topic than its message: then each message is read.
  const isByTopic = series.length === 0 || topicFiltersOf(series.slice(0, FILTERS_MAX)).length > 0;
  const wanted = isByTopic && filters.length <= FILTERS_MAX ? filters : [];
  let memory: StreamMemory | null = null;
  for await (const page of readRange(stream.place, { ...query, fromUs, toUs, filters: wanted })) {
    signal.throwIfAborted();
    page.skipped.forEach(onSkipped);
    const events: StoredEvent[] = [];
    for (const message of page.messages) {
      memory ??= readMemory(indexFile, stream.name);
      const { topic, points } = reader.read(message, memory.at(positionOf(message.cursor)));
      const atMs = Math.floor(message.receivedUs / 1_000);
      for (const { path, value, observedUs } of points) {
        if (!hears(topic, path)) continue;
        const about =
          known.get(`${topic}#${path}`) ??
          aboutOf({ stream: stream.name, topic, path, device: null, unit: null });
        const heard = { ...about, value, observedMs: Math.floor(observedUs / 1_000) };
        events.push({ atMs, stream: stream.name, path, heard });
      }
    }
    if (events.length > 0) sources.rows = true;
    yield events;
  }
}

function aboutOf(
  series: Pick<CataloguedSeries, "stream" | "topic" | "path" | "device" | "unit">,
): About {
  const { id, name } = deviceOf(series);
  return {
    kind: "series",
    series: formatSeries(series),
    topic: series.topic,
    device: id,
    deviceName: name,
    unit: series.unit,
  };
}
