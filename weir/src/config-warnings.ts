import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import type { LoggerConfig } from "@weir/logger/config";
import { loadFilter } from "@weir/logger/filter";
import { filterHolds, filtersOverlap, matchesFilter } from "@weir/protocol";
import {
  type Environment,
  errorMessage,
  nearestFolder,
  readSettings,
  topicSettings,
} from "@weir/runtime";
import { settingWarnings } from "@weir/standalone/settings";
import { DISCOVERY_FILTER, openDecoder, type StreamConfig } from "@weir/streams";
import { loadFlows } from "./workflows.ts";

const DATA = "data";

/**
 * What would keep a part of a valid configuration from working here and now, or what its users may not have meant.
 *
 * @param config that was read from the environment.
 * @throws ConfigurationFault as reading the configuration does.
 */
export async function configWarnings(
  environment: Environment,
  config: LoggerConfig,
): Promise<string[]> {
  const { TOPIC } = readSettings(topicSettings, environment);
  const { streams } = config.streams;
  return [
    ...settingWarnings(environment, config),
    ...dataWarnings(streams, TOPIC),
    ...streams.flatMap(warningsOfStream),
    ...(await startProblems(config)),
    ...overlapWarnings(streams),
    ...loadFlows(environment).problems,
  ];
}

function dataWarnings(streams: readonly StreamConfig[], topic: string): string[] {
  const data = streams.find(({ name }) => name === DATA);
  if (data === undefined) return [`streams.${DATA} is taken out: there will be no statistics`];
  if (data.filters.some((filter) => matchesFilter(filter, topic))) return [];
  return [`streams.${DATA} does not take ${topic} (TOPIC): there will be no statistics of it`];
}

function warningsOfStream(stream: StreamConfig): string[] {
  const { name, decoder, series, statistics } = stream;
  const warnings = [...retentionWarnings(stream), ...archiveWarnings(stream)];
  if (statistics && series === "off") {
    warnings.push("it has statistics, but its series are off: nothing is averaged");
  }
  try {
    openDecoder(decoder, (problem) => warnings.push(problem));
  } catch {
    // It is one of the problems at the start.
  }
  return warnings.map((warning) => `streams.${name}: ${warning}`);
}

/** What keeps the logger from starting on this machine. */
export async function startProblems({ streams }: LoggerConfig): Promise<string[]> {
  return (await Promise.all(streams.streams.map(startProblemsOf))).flat();
}

const BROKER_FILE = "mosquitto/mosquitto.conf";
const OTHERS_READ = 0o004;

/** What keeps the broker of Compose from starting: it is a user of its own, whose log the console does not show. */
export function brokerProblems(): string[] {
  const found = statSync(BROKER_FILE, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & OTHERS_READ) !== 0) return [];
  return ["mosquitto: the broker's user may not read the files in it: chmod -R a+rX mosquitto"];
}

async function startProblemsOf(stream: StreamConfig): Promise<string[]> {
  const { name, place, decoder, filterFile } = stream;
  const problems: string[] = [];
  const attempt = async (task: () => unknown): Promise<void> => {
    try {
      await task();
    } catch (error) {
      problems.push(errorMessage(error));
    }
  };
  await attempt(() => checkWritable(place.kind === "file" ? dirname(place.file) : place.folder));
  await attempt(() => openDecoder(decoder, () => {}));
  if (filterFile !== null) await attempt(() => loadFilter({ stream: name, file: filterFile }));
  return problems.map((problem) => `streams.${name}: ${problem}`);
}

/** A folder that is missing is made at the start; then the one that it is made in must be writable. */
function checkWritable(folder: string): void {
  const nearest = nearestFolder(folder);
  if (!statSync(nearest).isDirectory()) throw new Error(`${nearest} is no folder`);
  try {
    accessSync(nearest, constants.W_OK);
  } catch (cause) {
    const user = `user ${process.getuid?.()}`;
    throw new Error(
      `${folder} cannot be written: ${user} has no right to write to ${nearest}. Name another place; in Compose, one below /data`,
      { cause },
    );
  }
}

function retentionWarnings({ place, rotationMs, retention }: StreamConfig): string[] {
  if (place.kind === "file" || rotationMs === null) return [];
  if (Object.values(retention).every((limit) => limit === null)) {
    return ["it has no retention: it grows until the disk is full"];
  }
  // A segment goes as a whole, when its newest row is old enough.
  return retention.ageMs !== null && retention.ageMs < rotationMs
    ? [
        "its rotation is longer than its retention: rows are kept until their whole segment is old enough",
      ]
    : [];
}

function archiveWarnings({ archiveAfterMs, retention }: StreamConfig): string[] {
  if (archiveAfterMs === null || retention.ageMs === null) return [];
  return archiveAfterMs < retention.ageMs
    ? []
    : ["its archive begins when retention has removed the messages: nothing is archived"];
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
  const isLeftOut = (filter: string) =>
    // The stream devices always takes it, beside a stream for a home.
    filter === DISCOVERY_FILTER || excluded.some((outer) => filterHolds(outer, filter));
  const kept = one.filters.filter((filter) => !isLeftOut(filter));
  const others = other.filters.filter((filter) => !isLeftOut(filter));
  return kept.some((filter) => others.some((another) => filtersOverlap(filter, another)));
}
