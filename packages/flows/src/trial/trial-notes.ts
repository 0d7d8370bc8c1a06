import { matchesFilter } from "@weir/protocol";
import { type CataloguedSeries, findSeries, parseSeries } from "@weir/series";
import { readRange } from "@weir/store";
import type { HistorySource, StoredStream } from "@weir/streams";
import { runningFlow } from "../engine/running-flow.ts";
import type { FlowDefinition } from "../files/workflow-file.ts";
import type { Source } from "../nodes/node.ts";

/** What is not stored, so that nothing of it is tried. */
const NOT_STORED: Readonly<Partial<Record<Source["kind"], string>>> = {
  button: "nobody presses a button in a trial",
  system: "what Weir says of itself is not stored: it is left out",
  alerts: "only the alerts of this workflow change in a trial",
};
/** Rows that begin so long behind the beginning need no words. */
const SLACK_US = 60_000_000;
const PATHS_SHOWN_MAX = 5;

/** What a trial leaves out because it is not stored. */
export async function notesOn(
  listened: readonly Source[],
  catalogue: readonly CataloguedSeries[],
  { streams, fromUs }: Pick<HistorySource, "streams"> & { fromUs: number },
): Promise<string[]> {
  const notes = new Set<string>();
  const names = streams.map(({ name }) => name);
  for (const source of listened) {
    const words =
      source.kind === "series"
        ? unknownSeries(source.series, catalogue, names)
        : (NOT_STORED[source.kind] ?? null);
    if (words !== null) notes.add(words);
  }
  const areMessagesHeard = listened.some(
    ({ kind }) => kind === "messages" || kind === "connections",
  );
  const areReadingsHeard = listened.some(({ kind }) => kind === "series");
  for (const stream of streams) {
    const hasNoHistory =
      areReadingsHeard && stream.historyMs === null && isOf(stream, listened, catalogue, names);
    if (!areMessagesHeard && !hasNoHistory) continue;
    const beginUs = await firstRowUs(stream);
    if (beginUs === null || beginUs <= fromUs + SLACK_US) continue;
    const why = hasNoHistory ? `the stream ${stream.name} has no history: its` : `${stream.name}:`;
    notes.add(`${why} rows begin at ${new Date(beginUs / 1_000).toISOString()}`);
  }
  return [...notes];
}

/**
 * The series that a workflow listens to and that are not stored (yet): a line for each, with what may be meant.
 *
 * @param streams the names of all streams.
 */
export function unknownSeriesOf(
  flow: FlowDefinition,
  catalogue: readonly CataloguedSeries[],
  streams: readonly string[],
): string[] {
  return [...runningFlow(flow).nodes.values()].flatMap(({ name, behaviour }) =>
    (behaviour.sources ?? []).flatMap((source) => {
      const words =
        source.kind === "series" ? unknownSeries(source.series, catalogue, streams) : null;
      return words === null ? [] : [`${flow.file}.yaml: ${flow.name}.${name}: ${words}`];
    }),
  );
}

/** Why a series is not heard; `null` where it is. */
function unknownSeries(
  text: string,
  catalogue: readonly CataloguedSeries[],
  streams: readonly string[],
): string | null {
  if (seriesOf(text, catalogue, streams).length > 0) return null;
  const named = findSeries(catalogue, text);
  const suggestion = named.kind === "unknown" ? named.suggestion : "";
  return `no stored series is ${text}${suggestion === "" ? pathsWords(text, catalogue, streams) : suggestion}`;
}

/** What may stand behind the # of a topic. */
function pathsWords(
  text: string,
  catalogue: readonly CataloguedSeries[],
  streams: readonly string[],
): string {
  const { topic } = parseSeries(text, streams);
  const paths = new Set(catalogue.filter((one) => one.topic === topic).map(({ path }) => path));
  if (paths.size === 0) return "; weir series lists those that there are";
  const some = [...paths].slice(0, PATHS_SHOWN_MAX).map((path) => `${topic}#${path}`);
  return `; there are ${some.join(", ")}${paths.size > some.length ? " and others" : ""}`;
}

function isOf(
  stream: StoredStream,
  listened: readonly Source[],
  catalogue: readonly CataloguedSeries[],
  names: readonly string[],
): boolean {
  return listened.some(
    (source) =>
      source.kind === "series" &&
      seriesOf(source.series, catalogue, names).some((one) => one.stream === stream.name),
  );
}

/** The stored series that are meant by `topic#path`, with or without a stream, and with `+` and `#` in the topic. */
function seriesOf(
  text: string,
  catalogue: readonly CataloguedSeries[],
  streams: readonly string[],
): CataloguedSeries[] {
  const { stream, topic, path } = parseSeries(text, streams);
  return catalogue.filter(
    (one) =>
      one.path === path &&
      (stream === null || one.stream === stream) &&
      matchesFilter(topic, one.topic),
  );
}

async function firstRowUs({ place }: StoredStream): Promise<number | null> {
  for await (const { messages } of readRange(place, { limit: 1 })) {
    const [first] = messages;
    if (first !== undefined) return first.receivedUs;
  }
  return null;
}
