import { createIsoTime, topicProblem } from "@weir/protocol";
import { EXIT_CODES, Fault, print, toolEnvironment, visible } from "@weir/runtime";
import { formatSeries, type Point } from "@weir/series";
import { readStatsConfig, type SeriesConfig } from "@weir/stats/config";
import { type Explained, explain, explainedAsJson } from "@weir/streams";
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
    const explained = explain(series, [topic], count);
    if (explained.length === 0) throw nothingStored(topic, series);
    for (const one of explained) {
      if (given.has("json")) printJson(explainedAsJson(one), { to: out });
      else print(render(one), { to: out });
    }
    return EXIT_CODES.ok;
  });
}

function nothingStored(topic: string, { streams }: SeriesConfig): Fault {
  const names = streams.map(({ name }) => name).join(", ") || "none";
  return new Fault(`nothing is stored of the topic ${JSON.stringify(topic)}`, {
    remedy: `The streams with series are: ${names}. weir config check shows which topics they take.`,
    exitCode: EXIT_CODES.unavailable,
  });
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
