import { isDeepStrictEqual, parseArgs } from "node:util";
import { readLoggerConfig } from "@weir/logger/config";
import { type PlanOptions, planConnections } from "@weir/logger/plan";
import { NEW_SESSION, planSubscriptions } from "@weir/logger/routes";
import type { FilterQos } from "@weir/protocol";
import {
  type Environment,
  EXIT_CODES,
  errorMessage,
  Fault,
  loadEnvironment,
  print,
  printData,
  readSettings,
  runCommand,
  topicSettings,
  visible,
} from "@weir/runtime";
import { type StreamConfig, type StreamsConfig, weirFileJsonSchema } from "@weir/streams";
import Table from "cli-table3";
import { warningsOf } from "./config-warnings.ts";

const USAGE = `npm run config -- check [file]    reads weir.yaml, or the file, and shows what it comes to
npm run config -- schema          prints the JSON Schema of weir.yaml

  --json    shows what check finds as JSON
  --help

Exit code 78 when the configuration is wrong: every problem is named with its line. Warnings are about
what is missing here and now, or may not be meant; with them the exit code is 0.
With npm run -s, nothing but the JSON is printed.
`;

interface CommandLine {
  command: string | undefined;
  file: string | undefined;
  isJson: boolean;
  isHelp: boolean;
}

/** `npm run config`: weir.yaml before a logger reads it. */
async function run(argv: readonly string[]): Promise<void> {
  const { command, file, isJson, isHelp } = readCommandLine(argv);
  if (isHelp || command === undefined) return print(USAGE);
  if (command === "schema") return printData(toJson(weirFileJsonSchema()));
  if (command !== "check") throw usageFault(`there is no command ${JSON.stringify(command)}`);
  const environment = { ...loadEnvironment(), ...(file === undefined ? {} : { WEIR_FILE: file }) };
  await check(environment, isJson);
}

async function check(environment: Environment, isJson: boolean): Promise<void> {
  const config = readLoggerConfig(environment);
  const { TOPIC } = readSettings(topicSettings, environment);
  const description = describeConfig(config.streams, config);
  const warnings = await warningsOf(config.streams.streams, TOPIC);
  if (isJson) return printData(toJson({ ...description, warnings }));
  const lines = warnings.map((warning) => `warning: ${visible(warning)}\n`);
  const summary = `${description.streams.length} stream(s), ${warnings.length} warning(s)\n`;
  print([renderDescription(description), ...lines, summary].join(""));
}

function readCommandLine(argv: readonly string[]): CommandLine {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { json: { type: "boolean" }, help: { type: "boolean" } },
      allowPositionals: true,
    });
    const [command, file] = positionals;
    return { command, file, isJson: values.json === true, isHelp: values.help === true };
  } catch (cause) {
    throw usageFault(errorMessage(cause));
  }
}

function usageFault(message: string): Fault {
  return new Fault(message, {
    remedy: "See npm run config -- --help.",
    exitCode: EXIT_CODES.configuration,
  });
}

const toJson = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

await runCommand("config", async () => {
  await run(process.argv.slice(2));
  return EXIT_CODES.ok;
});

/** What a configuration comes to. It has no secrets. */
interface Description {
  /** The weir.yaml that was read; `null` when there is none. */
  file: string | null;
  streams: readonly StreamConfig[];
  connections: DescribedConnection[];
  performance: StreamsConfig["performance"];
}

interface DescribedConnection {
  name: string;
  clientId: string;
  broker: { name: string; url: string; username: string | null };
  streams: string[];
  /** What an MQTT 5 broker is asked for. */
  subscriptions: FilterQos[];
  /** What a 3.1.1 broker is asked for, where that is more; `null` where it is the same. */
  subscriptions311: FilterQos[] | null;
}

export function describeConfig(
  { file, streams, brokers, performance }: StreamsConfig,
  options: PlanOptions,
): Description {
  const connections = planConnections({ streams, brokers }, options).map((plan) => {
    const { subscriptions } = planSubscriptions(plan.streams, NEW_SESSION);
    const joined = planSubscriptions(plan.streams, { ...NEW_SESSION, identifiers: false });
    const isSame = isDeepStrictEqual(
      subscriptions.map(toFilterQos),
      joined.subscriptions.map(toFilterQos),
    );
    return {
      name: plan.name,
      clientId: plan.clientId,
      broker: {
        name: plan.brokerName,
        url: withoutSecrets(plan.broker.url),
        username: plan.broker.username,
      },
      streams: plan.streams.map(({ name }) => name),
      subscriptions: subscriptions.map(toFilterQos),
      subscriptions311: isSame ? null : joined.subscriptions.map(toFilterQos),
    };
  });
  return { file, streams, connections, performance };
}

const toFilterQos = ({ filter, qos }: FilterQos): FilterQos => ({ filter, qos });

/** The URL of the environment may hold a user and a password; a screen is no place for them. */
function withoutSecrets(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.username === "" && url.password === "")) return text;
  url.username = "";
  url.password = "";
  return url.href;
}

/** What a configuration comes to, for a terminal: the streams, and what is subscribed to for them. */
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

function streamRow(stream: StreamConfig): string[] {
  const { place, rotationMs, batch, connection } = stream;
  const name = visible(stream.name);
  const broker = visible(stream.broker);
  return [
    name,
    filtersText(stream),
    decoderText(stream),
    visible(place.kind === "file" ? place.file : `${place.folder}/`),
    rotationMs === null ? "-" : durationText(rotationMs),
    retentionText(stream),
    `${batch.rowsMax} rows\n${durationText(batch.delayMs)}`,
    connection === "own" ? `${broker}, own connection` : broker,
  ];
}

function filtersText({ filters, exclude, qos, retained }: StreamConfig): string {
  const notes = [`QoS ${qos}`, ...(retained === "store" ? [] : [`retained: ${retained}`])];
  return [...filters, ...exclude.map((filter) => `not ${filter}`), notes.join(", ")]
    .map(visible)
    .join("\n");
}

function decoderText({ decoder, timeZone, filterFile }: StreamConfig): string {
  const lines = decoder.kind === "avro" ? [decoder.kind, decoder.schemas] : [decoder.kind];
  if (timeZone !== "UTC") lines.push(`times: ${timeZone}`);
  return [...lines, ...(filterFile === null ? [] : [`filter ${filterFile}`])]
    .map(visible)
    .join("\n");
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

function retentionText({ retention: { ageMs, bytesMax, freeDiskBytesMin } }: StreamConfig): string {
  const limits = [
    ageMs === null ? null : durationText(ageMs),
    bytesMax === null ? null : `${sizeText(bytesMax)} at most`,
    freeDiskBytesMin === null ? null : `${sizeText(freeDiskBytesMin)} of disk left free`,
  ].filter((limit) => limit !== null);
  return limits.length === 0 ? "everything" : limits.join("\n");
}

const UNITS_MS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** In the largest unit that says it in a whole number. */
function durationText(ms: number): string {
  const [unit, unitMs] = UNITS_MS.find(([, size]) => ms > 0 && ms % size === 0) ?? ["ms", 1];
  return `${ms / unitMs}${unit}`;
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
