import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { loadFilter } from "@weir/logger/filter";
import { filterHolds, filtersOverlap, matchesFilter } from "@weir/protocol";
import { errorMessage } from "@weir/runtime";
import { openDecoder, type StreamConfig } from "@weir/streams";

const DATA = "data";

/** What would keep a stream from working here and now, or what its users may not have meant. */
export async function warningsOf(
  streams: readonly StreamConfig[],
  topic: string,
): Promise<string[]> {
  const own = await Promise.all(streams.map(warningsOfStream));
  return [...dataWarnings(streams, topic), ...own.flat(), ...overlapWarnings(streams)];
}

function dataWarnings(streams: readonly StreamConfig[], topic: string): string[] {
  const data = streams.find(({ name }) => name === DATA);
  if (data === undefined) return [`streams.${DATA} is taken out: there will be no statistics`];
  if (data.filters.some((filter) => matchesFilter(filter, topic))) return [];
  return [`streams.${DATA} does not take ${topic} (TOPIC): there will be no statistics of it`];
}

async function warningsOfStream(stream: StreamConfig): Promise<string[]> {
  const { name, place, decoder, filterFile } = stream;
  const folder = place.kind === "file" ? dirname(place.file) : place.folder;
  const warnings: (string | null)[] = [whyNotWritable(folder), retentionWarning(stream)];
  warnings.push(whatIsWrong(() => openDecoder(decoder, (problem) => warnings.push(problem))));
  if (filterFile !== null) warnings.push(await whyNotLoaded(name, filterFile));
  return warnings
    .filter((warning) => warning !== null)
    .map((warning) => `streams.${name}: ${warning}`);
}

/** The folder itself may be made at the start; then what it is made in counts. */
function whyNotWritable(folder: string): string | null {
  let nearest = resolve(folder);
  while (!existsSync(nearest)) nearest = dirname(nearest);
  if (!statSync(nearest).isDirectory()) return `${nearest} is no folder`;
  return whatIsWrong(() => accessSync(nearest, constants.W_OK));
}

function retentionWarning({ place, rotationMs, retention }: StreamConfig): string | null {
  if (place.kind === "file" || rotationMs === null) return null;
  if (Object.values(retention).every((limit) => limit === null)) {
    return "it has no retention: it grows until the disk is full";
  }
  // A segment goes as a whole, when its newest row is old enough.
  return retention.ageMs !== null && retention.ageMs < rotationMs
    ? "its rotation is longer than its retention: rows are kept until their whole segment is old enough"
    : null;
}

async function whyNotLoaded(stream: string, file: string): Promise<string | null> {
  try {
    await loadFilter({ stream, file });
    return null;
  } catch (error) {
    return errorMessage(error);
  }
}

function whatIsWrong(task: () => unknown): string | null {
  try {
    task();
    return null;
  } catch (error) {
    return errorMessage(error);
  }
}

/** Storing a message twice may well be wanted; it is said, because its receipt then waits for both. */
function overlapWarnings(streams: readonly StreamConfig[]): string[] {
  return streams.flatMap((one, index) =>
    streams
      .slice(index + 1)
      .filter((other) => other.broker === one.broker && sharesTopics(one, other))
      .map(
        (other) => `streams.${one.name} and streams.${other.name} share topics: both store these`,
      ),
  );
}

function sharesTopics(one: StreamConfig, other: StreamConfig): boolean {
  const excluded = [...one.exclude, ...other.exclude];
  // A pair is apart when one of the two is left out as a whole; what is left out in part may still meet.
  const isLeftOut = (filter: string) => excluded.some((outer) => filterHolds(outer, filter));
  const kept = one.filters.filter((filter) => !isLeftOut(filter));
  const others = other.filters.filter((filter) => !isLeftOut(filter));
  return kept.some((filter) => others.some((another) => filtersOverlap(filter, another)));
}
