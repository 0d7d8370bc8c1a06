import { resolve, sep } from "node:path";
import { WINDOW_SECONDS_MAX } from "@weir/messages";
import { DATA, type StreamValues } from "./defaults.ts";
import type { StreamConfig, StreamsConfig } from "./stream-config.ts";

/** What streams must agree on with each other, and with the settings. */
export function problemsOf(
  { streams, brokers }: Pick<StreamsConfig, "streams" | "brokers">,
  values: StreamValues,
): string[] {
  return [
    ...(streams.length === 0 ? ["streams: none is enabled; there is nothing to log"] : []),
    ...streams.flatMap((stream) => ownProblems(stream, values)),
    ...streams.flatMap(({ name, broker }) =>
      broker in brokers
        ? []
        : [`streams.${name}.broker: ${JSON.stringify(broker)} is not under brokers`],
    ),
    ...placeProblems(streams),
  ];
}

function ownProblems(
  { name, filters, place, rotationMs, retention }: StreamConfig,
  values: StreamValues,
) {
  const problems: string[] = [];
  if (filters.length === 0) {
    problems.push(`streams.${name}.filters: it has none; name the topics that it takes`);
  }
  if (name !== DATA) return problems;
  if (place.kind === "folder" || rotationMs !== null) {
    problems.push(
      `streams.${name}: it is the one file DB_FILE, which the statistics follow, and has neither folder nor rotation; log the same filters in another stream for that`,
    );
  }
  return [...problems, ...retentionProblems(retention.ageMs, values)];
}

/** Statistics need the rows of their longest window. */
function retentionProblems(ageMs: number | null, values: StreamValues): string[] {
  const neededSeconds = WINDOW_SECONDS_MAX + values.LOGGER_CLOCK_SKEW_SECONDS;
  if (ageMs === null || ageMs >= neededSeconds * 1_000) return [];
  const minutes = ageMs / 60_000;
  const neededMinutes = Math.ceil(neededSeconds / 60);
  return [
    `LOGGER_RETENTION_MINUTES (streams.${DATA}.retention.age): ${minutes} is shorter than the longest window and the clock skew; make it at least ${neededMinutes}`,
  ];
}

/** Each place has one writer, so no two streams share one, nor does one lie in another. */
function placeProblems(streams: readonly StreamConfig[]): string[] {
  const places = streams.map(({ name, place }) => ({
    name,
    path: resolve(place.kind === "file" ? place.file : place.folder),
  }));
  return places.flatMap(({ name, path }, index) =>
    places
      // Of two with the same place, the second one is told.
      .filter((other, place) => (other.path === path ? place < index : isWithin(path, other.path)))
      .map(
        (other) =>
          `streams.${name}.folder: ${path} is the place of the stream ${other.name}, or lies in it; give it one of its own`,
      ),
  );
}

function isWithin(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
