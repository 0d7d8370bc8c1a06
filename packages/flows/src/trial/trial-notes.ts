import type { CataloguedSeries } from "@weir/series";
import { readRange } from "@weir/store";
import type { HistorySource, StoredStream } from "@weir/streams";
import { StoredSeries } from "../files/stored-series.ts";
import type { Source } from "../node/node.ts";

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
  const stored = new StoredSeries(
    catalogue,
    streams.map(({ name }) => name),
  );
  for (const source of listened) {
    const words =
      source.kind === "series"
        ? stored.whyUnknown(source.series)
        : (NOT_STORED[source.kind] ?? null);
    if (words !== null) notes.add(words);
  }
  const areMessagesHeard = listened.some(
    ({ kind }) => kind === "messages" || kind === "connections",
  );
  const areReadingsHeard = listened.some(({ kind }) => kind === "series");
  for (const stream of streams) {
    const hasNoHistory =
      areReadingsHeard && stream.historyMs === null && isOf(stream, listened, stored);
    if (!areMessagesHeard && !hasNoHistory) continue;
    const beginUs = await firstRowUs(stream);
    if (beginUs === null || beginUs <= fromUs + SLACK_US) continue;
    const begin = new Date(beginUs / 1_000).toISOString();
    notes.add(
      `what the stream ${stream.name} holds begins at ${begin}: what was before is not tried`,
    );
  }
  return [...notes];
}

function isOf(stream: StoredStream, listened: readonly Source[], stored: StoredSeries): boolean {
  return listened.some(
    (source) =>
      source.kind === "series" &&
      stored.of(source.series).some((one) => one.stream === stream.name),
  );
}

async function firstRowUs({ place }: StoredStream): Promise<number | null> {
  for await (const { messages } of readRange(place, { limit: 1 })) {
    const [first] = messages;
    if (first !== undefined) return first.receivedUs;
  }
  return null;
}
