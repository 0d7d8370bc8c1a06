import { createIsoTime } from "@weir/protocol";
import {
  type About,
  formatSeries,
  type Ignored,
  type Kind,
  type Metadata,
  type Path,
  type Reading,
  readCatalogue,
  readMemory,
} from "@weir/series";
import { positionOf, readNewest, type StoredMessage } from "@weir/store";
import type { HistorySource } from "./history.ts";
import { openSeriesReader } from "./series-of-stream.ts";

/** One payload, and how it was read. */
export interface Explained {
  stream: string;
  message: StoredMessage;
  reading: Reading;
  /** What is known of a series at a path. */
  aboutOf: (path: Path) => About;
}

/**
 * The newest payloads of topics on each stream that has them, the oldest of them first.
 *
 * @param topics topics and topic filters. They must be valid.
 * @param count how many of each stream at most, of all topics together.
 * @param scannedMax as of `readNewest`.
 * @throws Fault when the catalogue or a store cannot be read.
 */
export function explain(
  { streams, indexFile, skewUs }: Pick<HistorySource, "streams" | "indexFile" | "skewUs">,
  topics: readonly string[],
  count: number,
  scannedMax?: number,
): Explained[] {
  const catalogue = readCatalogue(indexFile) ?? [];
  const explained: Explained[] = [];
  for (const stream of streams) {
    const { name, place } = stream;
    const reader = openSeriesReader(stream, skewUs);
    const memory = readMemory(indexFile, name);
    for (const message of readNewest(place, {
      topics,
      limit: count,
      ...(scannedMax && { scannedMax }),
    })) {
      const reading = reader.read(message, memory.at(positionOf(message.cursor)));
      const own = catalogue.filter(
        (series) => series.stream === name && series.topic === reading.topic,
      );
      const aboutOf = (path: Path): About => {
        const { name: label, unit, kind } = own.find((series) => series.path === path) ?? {};
        return { name: label ?? undefined, unit: unit ?? undefined, kind };
      };
      explained.push({ stream: name, message, reading, aboutOf });
    }
  }
  return explained;
}

/** The JSON form of `Explained`. Times are ISO 8601 in UTC, with microseconds. */
export interface ExplainedJson {
  stream: string;
  topic: string;
  received: string;
  retained: boolean;
  family: string;
  time: string;
  /** A field of the payload, or "reception". */
  timeSource: string;
  series: {
    series: string;
    value: number;
    time: string;
    name?: string | undefined;
    unit?: string | undefined;
    kind: Kind;
  }[];
  describes: readonly Metadata[];
  ignored: readonly Ignored[];
}

/** One payload and its reading as a program gets them. */
export function explainedAsJson({ stream, message, reading, aboutOf }: Explained): ExplainedJson {
  const isoTime = createIsoTime();
  const { points, ignored, metadata, topic, family, timeSource, observedUs } = reading;
  return {
    stream,
    topic: message.topic,
    received: isoTime(message.receivedUs),
    retained: message.retained,
    family,
    time: isoTime(observedUs),
    timeSource,
    series: points.map(({ path, value, kind, observedUs: pointUs }) => {
      const about = aboutOf(path);
      return {
        series: formatSeries({ stream, topic, path }),
        value,
        time: isoTime(pointUs),
        name: about.name,
        unit: about.unit,
        kind: about.kind ?? kind ?? "gauge",
      };
    }),
    describes: metadata,
    ignored,
  };
}
