import { isDeepStrictEqual } from "node:util";
import { planConnections, planSubscriptions } from "@weir/logger/plan";
import type { FilterQos } from "@weir/protocol";
import {
  CLOCK_REMEDY,
  ConfigurationFault,
  clockProblems,
  type Environment,
  EXIT_CODES,
  print,
  visible,
} from "@weir/runtime";
import { readServices } from "@weir/standalone/settings";
import { type StreamConfig, type StreamsConfig, weirFileJsonSchema } from "@weir/streams";
import Table from "cli-table3";
import type { Command } from "commander";
import { action, durationText, examples, printJson, type Surroundings } from "./command-line.ts";
import { brokerProblems, configWarnings, startProblems } from "./config-warnings.ts";

export function define(command: Command, { clock, environment, out }: Surroundings): void {
  examples(command, ["config check", "config schema > weir.schema.json"]);

  const check = command
    .command("check")
    .description("read the settings of all services, and show the streams and their subscriptions")
    .argument("[file]", "another file than config/weir.yaml or WEIR_FILE")
    .option("--compose", "print what docker compose up shows of it: warnings, counts and ports")
    .option("--json", "print what it finds as JSON");
  examples(
    check,
    ["config check", "config check another.yaml --json"],
    `Exit code 78 when the configuration is wrong: it names every problem with its line. Warnings are about
what is missing on this machine, or may not be intended, such as a name in .env that resembles that of a
setting, and about workflows that cannot run; with them the exit code is 0.`,
  );
  action(check, async (given, file) => {
    const settings = file === undefined ? environment : { ...environment, WEIR_FILE: file };
    const config = readServices(settings);
    const inCompose = given.has("compose");
    const lasting = inCompose ? [...brokerProblems(), ...(await startProblems(config))] : [];
    if (lasting.length > 0) throw new ConfigurationFault(lasting);
    const warnings = [
      ...clockProblems(clock.now(), config.file).map((problem) => `${problem}. ${CLOCK_REMEDY}`),
      ...(await configWarnings(settings, config)),
    ];
    const description = describeConfig(config.streams, config);
    if (given.has("json")) {
      printJson({ ...description, warnings }, { to: out, indent: 2 });
      return EXIT_CODES.ok;
    }
    const lines = warnings.map((warning) => `warning: ${visible(warning)}\n`);
    const counts = `${description.streams.length} stream(s), ${warnings.length} warning(s)`;
    const rest = inCompose
      ? [...lines, `the configuration is valid: ${counts}\n`, portsLine(settings)]
      : [renderDescription(description), ...lines, `${counts}\n`];
    print(rest.join(""), { to: out });
    return EXIT_CODES.ok;
  });

  const schema = command.command("schema").description("print the JSON Schema of weir.yaml");
  examples(schema, ["config schema > weir.schema.json"]);
  action(schema, () => {
    printJson(weirFileJsonSchema(), { to: out, indent: 2 });
    return EXIT_CODES.ok;
  });
}

/** What docker-compose.yml says of the ports that it publishes. */
function portsLine({ PORTS = "" }: Environment): string {
  return PORTS === "" ? "" : `ports: ${visible(PORTS)}\n`;
}

/** What a configuration means. It has no secrets. */
interface Description {
  /** The weir.yaml that was read; `null` when there is none. */
  file: string | null;
  streams: readonly DescribedStream[];
  connections: DescribedConnection[];
  performance: StreamsConfig["performance"];
}

/** JSON has no Infinity. */
type DescribedStream = Omit<StreamConfig, "historyMs"> & { historyMs: number | "forever" | null };

interface DescribedConnection {
  name: string;
  clientId: string;
  broker: { name: string; url: string; username: string | null };
  streams: string[];
  /** What is requested from an MQTT 5 broker. */
  subscriptions: FilterQos[];
  /** What is requested from a 3.1.1 broker, where that is more; `null` where it is the same. */
  subscriptions311: FilterQos[] | null;
}

export function describeConfig(
  { file, streams, brokers, performance }: StreamsConfig,
  options: { clientId: string; file: string },
): Description {
  const connections = planConnections({ streams, brokers }, options).map((plan) => {
    const subscriptionsOf = (identifiers: boolean): FilterQos[] =>
      planSubscriptions(plan.streams, { identifiers }).subscriptions.map(({ filter, qos }) => ({
        filter,
        qos,
      }));
    const [subscriptions, joined] = [subscriptionsOf(true), subscriptionsOf(false)];
    const { name, clientId, brokerName, broker } = plan;
    return {
      name,
      clientId,
      broker: { name: brokerName, url: withoutSecrets(broker.url), username: broker.username },
      streams: plan.streams.map((stream) => stream.name),
      subscriptions,
      subscriptions311: isDeepStrictEqual(subscriptions, joined) ? null : joined,
    };
  });
  return { file, streams: streams.map(describeStream), connections, performance };
}

function describeStream(stream: StreamConfig): DescribedStream {
  const { historyMs } = stream;
  return { ...stream, historyMs: historyMs === Number.POSITIVE_INFINITY ? "forever" : historyMs };
}

/** The URL of the environment may hold a user and a password; a screen is no place for them. */
function withoutSecrets(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.username === "" && url.password === "")) return text;
  url.username = "";
  url.password = "";
  return url.href;
}

/** What a configuration means, for a terminal: the streams, and what is subscribed to for them. */
export function renderDescription(description: Description): string {
  const { file, streams, connections, performance } = description;
  const parts = [
    file === null ? "There is no weir.yaml: these are the defaults." : visible(file),
    tableOf(
      ["stream", "filters", "decoder", "where", "rotation", "retention", "batch", "broker"],
      streams.map(streamRow),
    ),
    tableOf(["connection", "client id", "broker", "subscriptions"], connections.map(connectionRow)),
    `A report every ${durationText(performance.intervalMs)} on ${visible(performance.topic)}.`,
  ];
  return `${parts.join("\n")}\n`;
}

function tableOf(head: string[], rows: string[][]): string {
  const table = new Table({ head, style: { head: [], border: [] } });
  table.push(...rows);
  return table.toString();
}

function streamRow(stream: DescribedStream): string[] {
  const { place, rotationMs, batch, connection } = stream;
  const name = visible(stream.name);
  const broker = visible(stream.broker);
  return [
    name,
    filtersText(stream),
    decoderText(stream),
    visible(place.kind === "file" ? place.file : `${place.folder}/`),
    rotationMs === null ? "-" : durationText(rotationMs),
    [retentionText(stream), ...historyLines(stream)].join("\n"),
    `${batch.rowsMax} rows\n${durationText(batch.delayMs)}`,
    connection === "own" ? `${broker}, own connection` : broker,
  ];
}

function filtersText({ filters, exclude, qos, retained }: DescribedStream): string {
  const notes = [`QoS ${qos}`, ...(retained === "store" ? [] : [`retained: ${retained}`])];
  return [...filters, ...exclude.map((filter) => `not ${filter}`), notes.join(", ")]
    .map(visible)
    .join("\n");
}

function decoderText(stream: DescribedStream): string {
  const { decoder, timeZone, filterFile } = stream;
  const lines = decoder.kind === "avro" ? [decoder.kind, decoder.schemas] : [decoder.kind];
  if (timeZone !== null) lines.push(`times: ${timeZone}`);
  if (filterFile !== null) lines.push(`filter ${filterFile}`);
  return [...lines, ...seriesLines(stream)].map(visible).join("\n");
}

const PATHS_SHOWN_MAX = 5;

/** What differs from the default: every number is a series, and none is averaged. */
function seriesLines({ series, statistics }: DescribedStream): string[] {
  const averages = statistics ? ["statistics"] : [];
  if (series === "auto") return averages;
  if (series === "off") return ["series: off", ...averages];
  const shown = series.slice(0, PATHS_SHOWN_MAX).map(({ path }) => `series: ${path}`);
  const others = series.length - shown.length;
  return [...shown, ...(others === 0 ? [] : [`and ${others} more series`]), ...averages];
}

function connectionRow(connection: DescribedConnection): string[] {
  const { name, clientId, broker, subscriptions, subscriptions311 } = connection;
  const lines = subscriptions.map(subscriptionText);
  if (subscriptions311 !== null) {
    lines.push("or, of a broker without MQTT 5,", ...subscriptions311.map(subscriptionText));
  }
  return [
    visible(name),
    visible(clientId),
    `${visible(broker.name)}\n${visible(broker.url)}`,
    lines.map(visible).join("\n"),
  ];
}

const subscriptionText = ({ filter, qos }: FilterQos): string => `${filter} (QoS ${qos})`;

/** What is kept beside the rows, or in place of them. */
function historyLines({ series, historyMs, archiveAfterMs }: DescribedStream): string[] {
  const lines: string[] = [];
  if (historyMs !== null && series !== "off") {
    lines.push(`history: ${historyMs === "forever" ? historyMs : durationText(historyMs)}`);
  }
  if (archiveAfterMs !== null) lines.push(`archive: after ${durationText(archiveAfterMs)}`);
  return lines;
}

function retentionText({
  retention: { ageMs, bytesMax, freeDiskBytesMin },
}: DescribedStream): string {
  const limits = [
    ageMs === null ? null : durationText(ageMs),
    bytesMax === null ? null : `${sizeText(bytesMax)} at most`,
    freeDiskBytesMin === null ? null : `${sizeText(freeDiskBytesMin)} of disk left free`,
  ].filter((limit) => limit !== null);
  return limits.length === 0 ? "everything" : limits.join("\n");
}

const UNITS_BYTES = [
  ["TB", 1e12],
  ["GB", 1e9],
  ["TiB", 2 ** 40],
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
] as const;

function sizeText(bytes: number): string {
  const [unit, unitBytes] = UNITS_BYTES.find(([, size]) => bytes % size === 0) ?? ["MB", 1e6];
  return `${bytes / unitBytes}${unit}`;
}
