import type { Deletion } from "../../src/contract/deletions.ts";
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

/** What all topics of a device begin with that is addressed as Weir's devices are: `devices/kitchen`. */
export function rootOf(topics: readonly string[]): string | null {
  const state = topics.find((topic) => topic.endsWith("/state"));
  return state === undefined ? null : state.slice(0, -"/state".length);
}

/**
 * The topic filters for what a person has chosen. What lies below the root of a device may be in any stream.
 *
 * @param root of a device that is addressed as Weir's devices are; `null` for others.
 */
export function deletionParts(
  what: What,
  { series, chosen, root, streams }: DeletionScope,
): DeletionPart[] {
  const topicsOf = (stream: string, among: readonly Series[]): string[] => [
    ...new Set(among.filter((one) => one.stream === stream).map(({ topic }) => topic)),
  ];
  const below = (rest: string): string[] => (root === null ? [] : [`${root}/${rest}`]);
  const filtersIn = (stream: string): string[] => {
    switch (what) {
      case "series":
        return topicsOf(
          stream,
          series.filter((one) => chosen.has(one.series)),
        );
      case "states":
        return below("state");
      case "logs":
        return below("log/#");
      case "everything":
        return outermost([...below("#"), ...topicsOf(stream, series)]);
    }
  };
  return streams
    .map((stream) => ({ stream, filters: filtersIn(stream) }))
    .filter(({ filters }) => filters.length > 0);
}

interface DeletionScope {
  /** All of the device. */
  series: readonly Series[];
  /** The names of those that are to go. */
  chosen: ReadonlySet<string>;
  root: string | null;
  /** The names of all streams. */
  streams: readonly string[];
}

/** Whether a deletion hides something of these topics. */
export function concerns(filters: readonly string[], topics: readonly string[]): boolean {
  return topics.some((topic) =>
    filters.some(
      (filter) =>
        filter === topic || (filter.endsWith("/#") && `${topic}/`.startsWith(filter.slice(0, -1))),
    ),
  );
}

/** `devices/a/#` covers `devices/a` and all below it. */
function outermost(filters: readonly string[]): string[] {
  const trees = filters.filter((one) => one.endsWith("/#")).map((one) => one.slice(0, -2));
  return filters.filter(
    (one) =>
      one.endsWith("/#") || !trees.some((tree) => one === tree || one.startsWith(`${tree}/`)),
  );
}

/** Whether the newest value that is known of a series was deleted: the catalogue still has it. */
export function isDeleted(
  { stream, topic, receivedMs }: Pick<Series, "stream" | "topic" | "receivedMs">,
  deletions: readonly Deletion[],
): boolean {
  return deletions.some(
    (one) =>
      !["undoing", "undone"].includes(one.state) &&
      one.stream === stream &&
      receivedMs >= one.fromMs &&
      receivedMs < one.toMs &&
      concerns(one.filters, [topic]),
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
