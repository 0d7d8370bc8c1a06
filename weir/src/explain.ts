import { topicProblem } from "@weir/protocol";
import { EXIT_CODES, Fault, print, toolEnvironment, visible } from "@weir/runtime";
import {
  type About,
  formatSeries,
  type Point,
  type Reading,
  readCatalogue,
  readMemory,
} from "@weir/series";
import { readStatsConfig, type SeriesConfig } from "@weir/stats/config";
import { positionOf, readNewest, type StoredMessage } from "@weir/store";
import { openSeriesReader } from "@weir/streams";
import type { Command } from "commander";
import {
  action,
  columnsText,
  examples,
  optionFault,
  printJson,
  readNumber,
  type Surroundings,
} from "./command-line.ts";
import { createIsoTime } from "./time.ts";

const COUNT = 3;
const COUNT_MAX = 100;

export function define(command: Command, { environment, out }: Surroundings): void {
  command
    .argument("<topic>", "the topic, without wildcards")
    .option("--count <n>", `so many of the newest payloads (default: ${COUNT})`)
    .option("--json", "print each payload's reading as a line of JSON");
  examples(
    command,
    ["explain zigbee2mqtt/kitchen/plug", "explain tele/plug/SENSOR --count 1 --json"],
    `For each payload it shows the family that reads it, the time that counts and where that comes from, its
series, and what was ignored, with the reason.`,
  );
  action(command, async (given, topic = "") => {
    const problem = topicProblem(topic);
    if (problem !== null) throw optionFault("topic", topic, `one topic: ${problem}`);
    const count = readNumber(given, "count", { min: 1, max: COUNT_MAX, isWhole: true }) ?? COUNT;
    const { series } = readStatsConfig(toolEnvironment(environment));
    const explained = explain(series, topic, count);
    if (explained.length === 0) throw nothingStored(topic, series);
    for (const one of explained) {
      if (given.has("json")) printJson(toJson(one), { to: out });
      else print(render(one), { to: out });
    }
    return EXIT_CODES.ok;
  });
}

/** One payload, and how it was read. */
interface Explained {
  stream: string;
  message: StoredMessage;
  reading: Reading;
  /** What is known of a series at a path. */
  aboutOf: (path: string) => About;
}

function nothingStored(topic: string, { streams }: SeriesConfig): Fault {
  const names = streams.map(({ name }) => name).join(", ") || "none";
  return new Fault(`nothing is stored of the topic ${JSON.stringify(topic)}`, {
    remedy: `The streams with series are: ${names}. weir config check shows which topics they take.`,
    exitCode: EXIT_CODES.unavailable,
  });
}

/** The newest payloads of a topic on each stream that has it, the oldest of them first. */
function explain(
  { streams, indexFile, skewUs }: SeriesConfig,
  topic: string,
  count: number,
): Explained[] {
  const catalogue = readCatalogue(indexFile) ?? [];
  const explained: Explained[] = [];
  for (const stream of streams) {
    const { name, place } = stream;
    const reader = openSeriesReader(stream, skewUs);
    const memory = readMemory(indexFile, name);
    for (const message of readNewest(place, { topic, limit: count })) {
      const reading = reader.read(message, memory.at(positionOf(message.cursor)));
      const own = catalogue.filter(
        (series) => series.stream === name && series.topic === reading.topic,
      );
      const aboutOf = (path: string): About => {
        const { name: label, unit, kind } = own.find((series) => series.path === path) ?? {};
        return { name: label ?? undefined, unit: unit ?? undefined, kind };
      };
      explained.push({ stream: name, message, reading, aboutOf });
    }
  }
  return explained;
}

function render({ stream, message, reading, aboutOf }: Explained): string {
  const isoTime = createIsoTime();
  const { points, ignored, topic, family, timeSource, observedUs } = reading;
  const shown = (point: Point): string[] => {
    const { name = "", unit = "", kind } = aboutOf(point.path);
    const time = point.observedUs === observedUs ? "" : isoTime(point.observedUs);
    const series = formatSeries({ stream, topic, path: point.path });
    return [`  ${series}`, `${point.value} ${unit}`, kind ?? point.kind ?? "gauge", name, time];
  };
  const lines = [
    `${message.topic}, received ${isoTime(message.receivedUs)}${message.retained ? ", retained" : ""}`,
    `  read by ${family}; time ${isoTime(observedUs)}, from ${timeSource}`,
    ...columnsText(points.map((point) => shown(point).map(visible))).split("\n"),
    ...ignored.map(
      ({ path, reason }) => `  not read: ${path === "" ? "the payload" : path} (${reason})`,
    ),
  ];
  return `${lines
    .filter((line) => line !== "")
    .map(visible)
    .join("\n")}\n`;
}

function toJson({ stream, message, reading, aboutOf }: Explained): object {
  const isoTime = createIsoTime();
  const { points, ignored, metadata, topic, family, timeSource, observedUs } = reading;
  return {
    stream,
    topic: message.topic,
    received: isoTime(message.receivedUs),
    retained: message.retained,
    family,
    time: isoTime(observedUs),
    timeSource,
    series: points.map(({ path, value, kind, observedUs: pointUs }) => ({
      series: formatSeries({ stream, topic, path }),
      value,
      time: isoTime(pointUs),
      ...aboutOf(path),
      kind: aboutOf(path).kind ?? kind ?? "gauge",
    })),
    describes: metadata,
    ignored,
  };
}
