import { didYouMean, EXIT_CODES, Fault, visible } from "@weir/runtime";
import { type CataloguedSeries, formatSeries, parseSeries, readCatalogue } from "@weir/series";
import { usageFault } from "./command-line.ts";

/** Every series. @throws Fault while there is no catalogue. */
export function readAllSeries(indexFile: string): CataloguedSeries[] {
  const all = readCatalogue(indexFile);
  if (all !== null) return all;
  throw new Fault(`there is no catalogue of series at ${indexFile}`, {
    remedy:
      "stats makes it when it starts: start the suite, or stats once more, or name the store in DB_FILE.",
    exitCode: EXIT_CODES.unavailable,
  });
}

/** The series of a name, which may leave out the stream. @throws Fault for a name that none has, or several have. */
export function findSeries(all: readonly CataloguedSeries[], text: string): CataloguedSeries {
  const streams = new Set(all.map(({ stream }) => stream));
  const { stream, topic, path } = parseSeries(text, [...streams]);
  const ofTopic = all.filter(
    (series) => series.topic === topic && (stream === null || series.stream === stream),
  );
  const found = ofTopic.filter((series) => series.path === path);
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined) {
    throw usageFault(
      `${JSON.stringify(text)} is a series of several streams`,
      `Name one: ${found.map(formatSeries).map(visible).join(", ")}.`,
    );
  }
  // Long names are compared in parts: one wrong word of a topic is easier to see than one of many.
  const suggestion =
    ofTopic.length > 0
      ? didYouMean(
          path,
          ofTopic.map((series) => series.path),
        )
      : didYouMean(topic, [...new Set(all.map((series) => series.topic))]);
  throw usageFault(
    `there is no series ${JSON.stringify(text)}${visible(suggestion)}`,
    "A series is stream:topic#path. weir series lists them, and finds them by a part of their name.",
  );
}
