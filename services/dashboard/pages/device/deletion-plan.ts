import type { History, Series } from "../../src/contract/series.ts";

/** What of a device is to be deleted. */
export type What = "everything" | "series" | "states" | "logs";

/** One request to the API: the rows of a stream whose topics match. */
export interface DeletionPart {
  stream: string;
  filters: string[];
}

/** Rows of a topic are deleted as a whole: these series share topics with the chosen ones, and go with them. */
export function sharedSeries(all: readonly Series[], chosen: ReadonlySet<string>): Series[] {
  const topics = new Set(
    all
      .filter(({ series }) => chosen.has(series))
      .map(({ stream, topic }) => `${stream}\n${topic}`),
  );
  return all.filter(
    ({ series, stream, topic }) => !chosen.has(series) && topics.has(`${stream}\n${topic}`),
  );
}

/** The topic filters for what a person has chosen. @param prefix of a commandable device's topics, such as `devices/kitchen`. */
export function deletionParts(
  what: What,
  series: readonly Series[],
  chosen: ReadonlySet<string>,
  prefix: string | null,
): DeletionPart[] {
  const streams = [...new Set(series.map(({ stream }) => stream))];
  const topicsOf = (stream: string, among: readonly Series[]) => [
    ...new Set(among.filter((one) => one.stream === stream).map(({ topic }) => topic)),
  ];
  const parts = streams.map((stream) => {
    if (what === "series")
      return {
        stream,
        filters: topicsOf(
          stream,
          series.filter((one) => chosen.has(one.series)),
        ),
      };
    if (what === "states") return { stream, filters: prefix === null ? [] : [`${prefix}/state`] };
    if (what === "logs") return { stream, filters: prefix === null ? [] : [`${prefix}/log`] };
    const own = topicsOf(stream, series);
    return { stream, filters: prefix === null ? own : outermost([`${prefix}/#`, ...own]) };
  });
  return parts.filter(({ filters }) => filters.length > 0);
}

/** `devices/a/#` covers `devices/a` and all below it. */
function outermost(filters: readonly string[]): string[] {
  const trees = filters.filter((one) => one.endsWith("/#")).map((one) => one.slice(0, -2));
  return filters.filter(
    (one) =>
      one.endsWith("/#") || !trees.some((tree) => one === tree || one.startsWith(`${tree}/`)),
  );
}

/** How many points each day has, over all series of an answer. */
export function pointsByBucket({
  series,
  edgesMs,
}: History): { fromMs: number; toMs: number; points: number }[] {
  return edgesMs.slice(0, -1).map((fromMs, at) => ({
    fromMs,
    toMs: edgesMs[at + 1] as number,
    points: series.reduce((sum, { count }) => sum + (count[at] ?? 0), 0),
  }));
}
