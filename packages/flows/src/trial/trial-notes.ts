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
      areReadingsHeard && stream.historyMs === null && isOf(stream, listened, names);
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
  const { stream, topic, path } = parseSeries(text, streams);
  const isKnown = catalogue.some(
    (one) =>
      one.path === path &&
      (stream === null || one.stream === stream) &&
      matchesFilter(topic, one.topic),
  );
  if (isKnown) return null;
  const named = findSeries(catalogue, text);
  return `no stored series is ${text}${named.kind === "unknown" ? named.suggestion : ""}`;
}

function isOf(
  stream: StoredStream,
  listened: readonly Source[],
  names: readonly string[],
): boolean {
  return listened.some((source) => {
    if (source.kind !== "series") return false;
    const named = parseSeries(source.series, names).stream;
    return named === null || named === stream.name;
  });
}

async function firstRowUs({ place }: StoredStream): Promise<number | null> {
  for await (const { messages } of readRange(place, { limit: 1 })) {
    const [first] = messages;
    if (first !== undefined) return first.receivedUs;
  }
  return null;
}
