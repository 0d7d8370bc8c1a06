import { EXIT_CODES, Fault, visible } from "@weir/runtime";
import { type CataloguedSeries, findSeries, formatSeries, readCatalogue } from "@weir/series";
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
export function namedSeries(all: readonly CataloguedSeries[], text: string): CataloguedSeries {
  const named = findSeries(all, text);
  switch (named.kind) {
    case "found":
      return named.series;
    case "ambiguous":
      throw usageFault(
        `${JSON.stringify(text)} is a series of several streams`,
        `Name one: ${named.series.map(formatSeries).map(visible).join(", ")}.`,
      );
    case "unknown":
      throw usageFault(
        `there is no series ${JSON.stringify(text)}${visible(named.suggestion)}`,
        "A series is stream:topic#path. weir series lists them, and finds them by a part of their name.",
      );
  }
}
