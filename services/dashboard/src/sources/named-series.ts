import { RequestFault, type RequestProblem } from "@weir/runtime";
import { findSeries } from "@weir/series";
import type { ListedSeries, SeriesCatalogue } from "./catalogue-cache.ts";

/** Names that lead to none are reported so far: looking for what is meant takes a while. */
const PROBLEMS_MAX = 3;

/**
 * The series of names, each once.
 *
 * @param names `stream:topic#path`; the stream may be left out where only one has the series.
 * @throws RequestFault with the first names that lead to none, or to several.
 */
export function namedSeries(
  catalogue: SeriesCatalogue,
  names: readonly string[],
): readonly ListedSeries[] {
  const found = new Set<ListedSeries>();
  const problems: RequestProblem[] = [];
  for (const name of names) {
    const named = find(catalogue, name);
    if ("problem" in named) problems.push({ field: "series", value: name, ...named });
    else found.add(named);
    if (problems.length === PROBLEMS_MAX) break;
  }
  if (problems.length > 0) throw new RequestFault(404, problems);
  return [...found];
}

function find(
  catalogue: SeriesCatalogue,
  name: string,
): ListedSeries | Pick<RequestProblem, "problem" | "remedy"> {
  const exact = catalogue.byName(name);
  if (exact !== null) return exact;
  const named = findSeries(catalogue.all(), name);
  switch (named.kind) {
    case "found":
      return named.series;
    case "ambiguous": {
      const names = named.series.map(({ series }) => series);
      return { problem: "several streams have it", remedy: `Name one: ${names.join(", ")}.` };
    }
    case "unknown": {
      const problem = `there is no such series${named.suggestion}`;
      return { problem, remedy: "GET /api/v1/series lists all: stream:topic#path." };
    }
  }
}
