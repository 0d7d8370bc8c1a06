import { type CataloguedSeries, formatSeries, type SeriesPoints } from "@weir/series";
import type { TopicShare } from "./sample.ts";

/** What one series takes, or a topic without series. Messages and their bytes are estimates from a sample. */
export interface SeriesUse {
  /** `stream:topic#path`. */
  series: string;
  isSeries: boolean;
  /** Of its topic. */
  messages: number;
  /** Of these messages, divided among the series of the topic. */
  messageBytes: number;
  /** `null` without a history. */
  points: number | null;
  /** Of the files that hold them, by its share of their points. */
  pointBytes: number | null;
}

/** The messages of a stream: how many, what they take, and whose they are. */
export interface StreamMessages {
  stream: string;
  messages: number;
  bytes: number;
  topics: readonly TopicShare[];
}

/** The series that take the most, the largest first. */
export function largestSeries(
  streams: readonly StreamMessages[],
  catalogue: readonly CataloguedSeries[],
  points: readonly SeriesPoints[],
  limit: number,
): SeriesUse[] {
  const uses = new Map<string, SeriesUse>();
  // A series of the history may have left the catalogue.
  const known = new Map([...points, ...catalogue].map((one) => [formatSeries(one), one]));
  const byTopic = Map.groupBy(known.values(), ({ stream, topic }) => keyOf(stream, topic));
  for (const { stream, messages, bytes, topics } of streams) {
    for (const share of topics) {
      const { topic } = share;
      const named = byTopic.get(keyOf(stream, topic)) ?? [];
      const ofTopic = named.length > 0 ? named : [{ stream, topic, path: "" }];
      for (const one of ofTopic) {
        const series = formatSeries(one);
        uses.set(series, {
          series,
          isSeries: named.length > 0,
          messages: messages * share.messages,
          messageBytes: (bytes * share.bytes) / ofTopic.length,
          points: null,
          pointBytes: null,
        });
      }
    }
  }
  for (const one of points) {
    const series = formatSeries(one);
    // Points outlive the messages that they came from.
    const use = uses.get(series) ?? { series, messages: 0, messageBytes: 0 };
    uses.set(series, { ...use, isSeries: true, points: one.points, pointBytes: one.bytes });
  }
  return [...uses.values()].sort((one, other) => bytesOf(other) - bytesOf(one)).slice(0, limit);
}

const keyOf = (stream: string, topic: string): string => `${stream}\0${topic}`;

const bytesOf = ({ messageBytes, pointBytes }: SeriesUse): number =>
  messageBytes + (pointBytes ?? 0);
