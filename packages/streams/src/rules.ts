import { resolve, sep } from "node:path";
import { WINDOW_SECONDS_MAX } from "@weir/protocol";
import type { Path, Problem } from "@weir/runtime";
import type { StreamEntry } from "./schema.ts";
import {
  DATA,
  type StreamConfig,
  type StreamSettings,
  type StreamsConfig,
  type StreamValues,
} from "./stream-config.ts";

/** The work of computing their cover grows with the square of their number. */
const FILTERS_IN_ALL_MAX = 2_000;

/** The rules that streams must satisfy together, with each other and with the settings. */
export function problemsOf(
  { streams, brokers }: StreamsConfig,
  values: StreamValues,
  settings: StreamSettings,
): Problem[] {
  return [
    ...numberProblems(streams),
    ...streams.flatMap((stream) => [
      ...brokerProblems(stream, brokers),
      ...archiveProblems(stream),
      ...(stream.name === DATA ? dataProblems(stream, values, settings) : []),
    ]),
    ...nameProblems(streams),
    ...placeProblems(streams),
  ];
}

/** A problem of a stream also follows from whether the stream is enabled. */
function ofStream(name: string, ...keys: readonly (keyof StreamEntry)[]): Path[] {
  return ["enabled" as const, ...keys].map((key) => ["streams", name, key]);
}

function numberProblems(streams: readonly StreamConfig[]): Problem[] {
  if (streams.length === 0) {
    return [{ path: ["streams"], words: "none is enabled; there is nothing to log" }];
  }
  const filters = streams.reduce((sum, { filters }) => sum + filters.length, 0);
  const unnamed = streams
    .filter((stream) => stream.filters.length === 0)
    .map(({ name }) => ({
      path: ["streams", name],
      words: "it has no filters; name the topics that it takes",
      of: ofStream(name, "filters"),
    }));
  if (filters <= FILTERS_IN_ALL_MAX) return unnamed;
  const words = `they have ${filters} filters, and may have ${FILTERS_IN_ALL_MAX} in all; use wildcards`;
  const of = streams.flatMap(({ name }) => ofStream(name, "filters"));
  return [...unnamed, { path: ["streams"], words, of }];
}

function brokerProblems(
  { name, broker }: StreamConfig,
  brokers: StreamsConfig["brokers"],
): Problem[] {
  // Every object also inherits keys.
  if (Object.hasOwn(brokers, broker)) return [];
  const words = `${JSON.stringify(broker)} is not under brokers; add it there, or name one of ${Object.keys(brokers).join(", ")}`;
  const of = [...ofStream(name, "broker"), ["brokers", broker]];
  return [{ path: ["streams", name, "broker"], words, of }];
}

function archiveProblems({ name, place, archiveAfterMs }: StreamConfig): Problem[] {
  if (place.kind === "folder" || archiveAfterMs === null) return [];
  const words =
    "this stream is one file, and only closed segments are archived; log the same filters in another stream for that";
  return [{ path: ["streams", name, "archive"], words, of: ofStream(name, "archive") }];
}

/** The statistics follow the stream data, and need the rows of their longest window. */
function dataProblems(
  { place, rotationMs, retention }: StreamConfig,
  values: StreamValues,
  settings: StreamSettings,
): Problem[] {
  const problems: Problem[] = [];
  const refuse = (key: "folder" | "rotation"): void => {
    const words =
      "the statistics follow this stream in its one file, DB_FILE; log the same filters in another stream for that";
    problems.push({ path: ["streams", DATA, key], words, of: ofStream(DATA, key) });
  };
  if (place.kind === "folder") refuse("folder");
  if (rotationMs !== null) refuse("rotation");

  const neededSeconds = WINDOW_SECONDS_MAX + values.LOGGER_CLOCK_SKEW_SECONDS;
  if (retention.ageMs === null || retention.ageMs >= neededSeconds * 1_000) return problems;
  const needed = Math.ceil(neededSeconds / 60);
  const words = `shorter than the longest window and the clock skew; make it at least ${needed}`;
  const age = ["streams", DATA, "retention", "age"];
  problems.push(
    settings.isSet("LOGGER_RETENTION_MINUTES")
      ? {
          path: ["LOGGER_RETENTION_MINUTES"],
          words: `${values.LOGGER_RETENTION_MINUTES} is ${words}`,
          of: ofStream(DATA),
        }
      : { path: age, words: `it is ${words}m`, of: [...ofStream(DATA), age] },
  );
  return problems;
}

/** Names become folders and files, and some file systems do not distinguish `A` from `a`. */
function nameProblems(streams: readonly StreamConfig[]): Problem[] {
  const groups = Map.groupBy(streams, ({ name }) => name.toLowerCase());
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => ({
      path: ["streams", group.at(-1)?.name ?? ""],
      words: `there is also ${group[0]?.name}; two names must differ in more than capitals`,
      of: group.flatMap(({ name }) => ofStream(name)),
    }));
}

/** Each place has one writer: two streams cannot share one, and none can lie in another. */
function placeProblems(streams: readonly StreamConfig[]): Problem[] {
  const places = streams.map(({ name, place }) => ({
    name,
    kind: place.kind,
    path: resolve(place.kind === "file" ? place.file : place.folder),
  }));
  return places.flatMap((one, index) =>
    places
      .slice(index + 1)
      .filter(({ path }) => isWithin(path, one.path) || isWithin(one.path, path))
      // The file of the stream data cannot move; the folder of the other stream can.
      .map((other) =>
        other.kind === "file" ? { fixed: other, moving: one } : { fixed: one, moving: other },
      )
      .map(({ fixed, moving }) => ({
        path: ["streams", moving.name, "folder"],
        words: `${moving.path} and the place of the stream ${fixed.name}, ${fixed.path}, lie in one another; give each its own place`,
        of: [fixed, moving].flatMap(({ name }) => ofStream(name, "folder")),
      })),
  );
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
