import { didYouMean } from "@weir/runtime";
import { parseSeries } from "../reading/path.ts";
import type { CataloguedSeries } from "./catalogue.ts";

/** What a name of a series leads to. */
export type NamedSeries<S extends CataloguedSeries = CataloguedSeries> =
  | { kind: "found"; series: S }
  /** Several streams have it: the name has to say which. */
  | { kind: "ambiguous"; series: readonly S[] }
  /** The suggestion is `; did you mean <topic or path>?`, out of texts of devices, or empty. */
  | { kind: "unknown"; suggestion: string };

/** The series of a name, which may leave out the stream. @param text `stream:topic#path`. */
export function findSeries<S extends CataloguedSeries>(
  all: readonly S[],
  text: string,
): NamedSeries<S> {
  const streams = new Set(all.map(({ stream }) => stream));
  const { stream, topic, path } = parseSeries(text, [...streams]);
  const ofTopic = all.filter(
    (series) => series.topic === topic && (stream === null || series.stream === stream),
  );
  const found = ofTopic.filter((series) => series.path === path);
  const [first] = found;
  if (first !== undefined) {
    return found.length === 1
      ? { kind: "found", series: first }
      : { kind: "ambiguous", series: found };
  }
  // Long names are compared in parts: one wrong word of a topic is easier to see than one of many.
  const suggestion =
    ofTopic.length > 0
      ? didYouMean(
          path,
          ofTopic.map((series) => series.path),
        )
      : didYouMean(topic, [...new Set(all.map((series) => series.topic))]);
  return { kind: "unknown", suggestion };
}
