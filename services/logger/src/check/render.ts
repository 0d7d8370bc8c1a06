import type { StreamConfig, StreamsConfig } from "@weir/streams";
import Table from "cli-table3";
import { type ConnectionPlan, planConnections } from "../connection/plan.ts";
import { subscriptionsOf } from "../connection/subscriptions.ts";

/** What a configuration comes to: the streams, and what is subscribed to for them. */
export function renderStreams(
  config: StreamsConfig,
  options: { clientId: string; file: string },
): string {
  const streams = new Table({
    head: ["stream", "filters", "decoder", "where", "rotation", "retention", "broker"],
    style: { head: [], border: [] },
  });
  for (const stream of config.streams) streams.push(rowOf(stream));
  const connections = new Table({
    head: ["connection", "client id", "broker", "subscriptions"],
    style: { head: [], border: [] },
  });
  for (const plan of planConnections(config, options)) connections.push(connectionRow(plan));
  const source = config.file ?? "no weir.yaml: the defaults";
  return `${source}\n${streams.toString()}\n${connections.toString()}\n`;
}

function rowOf(stream: StreamConfig): string[] {
  const { name, filters, exclude, decoder, filterFile, place, rotationMs, broker } = stream;
  const without = exclude.map((filter) => `not ${filter}`);
  return [
    name,
    [...filters, ...without].join("\n"),
    [decoder.kind, ...(filterFile === null ? [] : [`filter ${filterFile}`])].join("\n"),
    place.kind === "file" ? place.file : `${place.folder}/`,
    rotationMs === null ? "-" : durationText(rotationMs),
    retentionText(stream),
    broker,
  ];
}

function connectionRow({ name, clientId, brokerName, streams }: ConnectionPlan): string[] {
  const subscriptions = subscriptionsOf(streams, { version: 5, known: [] });
  const texts = subscriptions.map(({ filter, qos }) => `${filter} (QoS ${qos})`);
  return [name, clientId, brokerName, texts.join("\n")];
}

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
  ["ms", 1],
] as const;

/** The largest unit that says it in a whole number. */
function durationText(ms: number): string {
  const [unit, unitMs] = UNITS_MS.find(([, size]) => ms % size === 0) ?? ["ms", 1];
  return `${ms / unitMs}${unit}`;
}

function sizeText(bytes: number): string {
  return bytes >= 1e9 ? `${bytes / 1e9}GB` : `${bytes / 1e6}MB`;
}
