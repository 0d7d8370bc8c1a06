import { RequestFault } from "@weir/runtime";
import { type CataloguedSeries, findSeries, type Path, parseSeries } from "@weir/series";
import { topicFiltersOf } from "@weir/streams";
import type { WantedSeries } from "./targets.ts";

/** The series of one stream that a page wants points of. */
export interface StreamSeries {
  /** Of the stream. */
  name: string;
  wanted: WantedSeries;
  /** Topic filters of which each row with these series matches one; empty where they are not known. */
  filters: readonly string[];
}

interface Asked {
  stream: string;
  topic: string;
  path: Path;
  /** `null` where nothing is stored of it yet. */
  family: string | null;
}

interface Catalogue {
  all(): readonly CataloguedSeries[];
  byName(name: string): CataloguedSeries | null;
}

/**
 * Sorts the series of a question by their streams. One of which nothing is stored yet is waited for.
 *
 * @throws RequestFault for a name of no stream, or of several.
 */
export function askedSeries(
  names: readonly string[],
  catalogue: Catalogue,
  streams: readonly string[],
): StreamSeries[] {
  const asked = names.map((name, index) => ({ index, ...find(name, catalogue, streams) }));
  return [...Map.groupBy(asked, ({ stream }) => stream)].map(([name, of]) => {
    const wanted = new Map<string, Map<Path, number>>();
    for (const { topic, path, index } of of) {
      const paths = wanted.get(topic) ?? new Map<Path, number>();
      wanted.set(topic, paths.set(path, index));
    }
    const isKnown = of.every(({ family }) => family !== null);
    const filters = isKnown ? topicFiltersOf(of as (Asked & { family: string })[]) : [];
    return { name, wanted, filters };
  });
}

function find(name: string, catalogue: Catalogue, streams: readonly string[]): Asked {
  const known = catalogue.byName(name);
  const { stream, topic, path } = parseSeries(name, streams);
  if (stream !== null) return { stream, topic, path, family: known?.family ?? null };
  const found = findSeries(
    catalogue.all().filter((one) => streams.includes(one.stream)),
    name,
  );
  if (found.kind === "found") return found.series;
  const problem =
    found.kind === "ambiguous"
      ? `${found.series.length} streams have it`
      : `there is no such series${found.suggestion}`;
  throw new RequestFault(404, [
    {
      field: "series",
      value: name,
      problem,
      remedy: "Give its whole name, as /api/v1/series has it: stream:topic#path.",
    },
  ]);
}
