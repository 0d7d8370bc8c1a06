import { accessSync, constants, existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { openDecoder } from "@weir/decoders";
import { errorMessage } from "@weir/fault";
import type { StreamConfig } from "@weir/streams";
import { coverOf } from "@weir/topics";
import { loadFilter } from "../code-filter/load.ts";

/** What would keep a stream from working here and now, or what its users may not have meant. */
export async function warningsOf(streams: readonly StreamConfig[]): Promise<string[]> {
  const own = await Promise.all(streams.map(warningsOfStream));
  return [...own.flat(), ...overlapWarnings(streams)];
}

async function warningsOfStream(stream: StreamConfig): Promise<string[]> {
  const { name, place, decoder, filterFile } = stream;
  const folder = place.kind === "file" ? dirname(place.file) : place.folder;
  const problems = [
    whyNotWritable(folder),
    whatIsWrong(() => openDecoder(decoder, (problem) => problems.push(problem))),
    filterFile === null ? null : await whyNotLoaded(name, filterFile),
  ].filter((problem) => problem !== null);
  return problems.map((problem) => `streams.${name}: ${problem}`);
}

function whyNotWritable(folder: string): string | null {
  let nearest = resolve(folder);
  while (!existsSync(nearest)) nearest = dirname(nearest);
  return whatIsWrong(() => accessSync(nearest, constants.W_OK));
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
  return one.filters.some((filter) =>
    other.filters.some((another) => {
      const { subscriptions, overlaps } = coverOf([
        { filter, qos: 0 },
        { filter: another, qos: 0 },
      ]);
      return overlaps || subscriptions.length === 1;
    }),
  );
}
