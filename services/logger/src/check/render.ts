import { visible } from "@weir/fault";
import type { StreamConfig } from "@weir/streams";
import type { FilterQos } from "@weir/topics";
import Table from "cli-table3";
import type { DescribedConnection, Description } from "./describe.ts";

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
