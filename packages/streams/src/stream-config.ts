import { dirname, isAbsolute, join, resolve } from "node:path";
import { filterProblem } from "@weir/protocol";
import {
  type BrokerConfig,
  bytesOf,
  type Environment,
  integer,
  millisecondsOf,
  type SettingValues,
  section,
  type storeSettings,
  text,
  type topicSettings,
} from "@weir/runtime";
import type { StreamPlace } from "@weir/store";
import type { DecoderSpec } from "./decoder.ts";
import type { StreamEntry } from "./schema.ts";

/** What the environment says of streams. The rest is in weir.yaml. */
export const streamSettings = section("Streams", {
  WEIR_FILE: text({
    description:
      "File of the streams and brokers; without one there are the streams data and devices.",
    default: "config/weir.yaml",
    allowed: "a path",
  }),
  DEVICE_TOPIC_PREFIXES: text({
    description: "First levels of the topics of devices, which the stream devices takes.",
    default: "devices,losant",
    allowed: "names separated by commas",
    problem: (list) =>
      prefixesOf(list)
        .map((prefix) => filterProblem(`${prefix}/#`))
        .find((one) => one !== null) ?? null,
  }),
  LOGGER_RETENTION_MINUTES: integer({
    description:
      "How long the stream data keeps readings, in minutes; at least the longest window and the clock skew.",
    default: 35,
    min: 1,
    max: 5_256_000,
  }),
  LOGGER_CLOCK_SKEW_SECONDS: integer({
    description:
      "How far in the future a reading's time may lie, in seconds, before its time of reception is used instead.",
    default: 60,
    min: 0,
    max: 3_600,
  }),
  LOGGER_BATCH_ROWS_MAX: integer({
    description: "Messages that are committed together at most.",
    default: 2_000,
    min: 1,
    max: 50_000,
  }),
  LOGGER_BATCH_DELAY_MS: integer({
    description:
      "How long a message may wait for others before it is committed, in milliseconds; where many come, they wait for a third of it.",
    default: 160,
    min: 0,
    max: 10_000,
  }),
});

/** The prefixes in a list that is separated by commas. */
export function prefixesOf(list: string): string[] {
  return list
    .split(",")
    .map((prefix) => prefix.trim())
    .filter((prefix) => prefix !== "");
}

/** One log, as it is configured. Paths are absolute, or relative to the working folder. */
export interface StreamConfig {
  name: string;
  filters: readonly string[];
  exclude: readonly string[];
  qos: 0 | 1;
  /** What becomes of messages that the broker had kept: `mark` stores them without a value. */
  retained: "store" | "mark" | "skip";
  decoder: DecoderSpec;
  /** The IANA name of the zone that times without a zone are in. */
  timeZone: string;
  /** A TypeScript file, `null` for none. */
  filterFile: string | null;
  place: StreamPlace;
  /** `null` for the one file of `place.kind` "file". */
  rotationMs: number | null;
  /** `null` is no limit. */
  retention: {
    ageMs: number | null;
    bytesMax: number | null;
    freeDiskBytesMin: number | null;
  };
  batch: { rowsMax: number; delayMs: number };
  /** A key of `StreamsConfig.brokers`. */
  broker: string;
  connection: "shared" | "own";
}

/** All that is logged. */
export interface StreamsConfig {
  /** `default` is the broker of the environment. */
  brokers: Readonly<Record<string, BrokerConfig>>;
  streams: readonly StreamConfig[];
  /** How often and where the logger says how it does. */
  performance: { intervalMs: number; topic: string };
  /** The weir.yaml that was read; `null` when there is none. */
  file: string | null;
}

export const DEFAULT_BROKER = "default";

/** The settings that streams follow from. */
export type StreamValues = SettingValues<
  typeof streamSettings & typeof topicSettings & typeof storeSettings
>;

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** The stream of the main job. */
export const DATA = "data";
/** The stream of the devices' states, logs and acks. */
const DEVICES = "devices";

/** A stream of which nothing but its name is known. It has no filters yet. */
function plainStream(name: string, values: StreamValues): StreamConfig {
  return {
    name,
    filters: [],
    exclude: [],
    qos: 1,
    retained: "store",
    decoder: { kind: "json" },
    timeZone: "UTC",
    filterFile: null,
    place: { kind: "folder", folder: join(dirname(values.DB_FILE), name) },
    rotationMs: DAY_MS,
    retention: { ageMs: null, bytesMax: null, freeDiskBytesMin: null },
    batch: { rowsMax: values.LOGGER_BATCH_ROWS_MAX, delayMs: values.LOGGER_BATCH_DELAY_MS },
    broker: DEFAULT_BROKER,
    connection: "shared",
  };
}

/** The streams that are there without a weir.yaml. */
export function defaultStreams(values: StreamValues): StreamConfig[] {
  const plain = plainStream(DATA, values);
  const devices = plainStream(DEVICES, values);
  return [
    {
      ...plain,
      filters: [values.TOPIC],
      decoder: { kind: "reading" },
      place: { kind: "file", file: values.DB_FILE },
      rotationMs: null,
      retention: { ...plain.retention, ageMs: values.LOGGER_RETENTION_MINUTES * MINUTE_MS },
    },
    {
      ...devices,
      filters: prefixesOf(values.DEVICE_TOPIC_PREFIXES).map((prefix) => `${prefix}/#`),
      decoder: { kind: "device" },
      // What is kept for those who come later is no news.
      retained: "mark",
      retention: { ...devices.retention, ageMs: 7 * DAY_MS },
    },
  ];
}

/** Whether the environment itself has a setting: then it wins over weir.yaml. */
export function isSet(
  environment: Environment,
  name: keyof typeof streamSettings | "TOPIC",
): boolean {
  return Boolean(environment[name]?.trim());
}

export interface NormaliseContext {
  values: StreamValues;
  environment: Environment;
  /** The folder of weir.yaml: code and schemas lie beside it. */
  base: string;
}

/** A stream's entry over what it is without it. */
export function normaliseStream(
  name: string,
  entry: StreamEntry,
  { before, ...context }: NormaliseContext & { before: StreamConfig | undefined },
): StreamConfig {
  const { values, base } = context;
  const stream = before ?? plainStream(name, values);
  const { filter, folder, rotation, retention, batch, decoder } = entry;
  const configured: StreamConfig = {
    ...stream,
    filters: entry.filters ?? stream.filters,
    exclude: entry.exclude ?? stream.exclude,
    qos: entry.qos ?? stream.qos,
    retained: entry.retained ?? stream.retained,
    broker: entry.broker ?? stream.broker,
    connection: entry.connection ?? stream.connection,
    decoder: decoder === undefined ? stream.decoder : decoderSpec(decoder, base),
    timeZone: entry.timeZone ?? stream.timeZone,
    filterFile: filter === undefined ? stream.filterFile : resolve(base, filter),
    place:
      folder === undefined ? stream.place : { kind: "folder", folder: besideStore(folder, values) },
    rotationMs: rotation === undefined ? stream.rotationMs : millisecondsOf(rotation),
    retention: normaliseRetention(retention, stream.retention),
    batch: {
      rowsMax: batch?.rows ?? stream.batch.rowsMax,
      delayMs: batch?.delay === undefined ? stream.batch.delayMs : millisecondsOf(batch.delay),
    },
  };
  return before === undefined
    ? configured
    : environmentOver(configured, before, context.environment);
}

/** As the default folders are written, so that naming one of them changes nothing. */
function besideStore(folder: string, { DB_FILE }: StreamValues): string {
  return isAbsolute(folder) ? join(folder) : join(dirname(DB_FILE), folder);
}

function decoderSpec(entry: NonNullable<StreamEntry["decoder"]>, base: string): DecoderSpec {
  if (typeof entry === "string") return { kind: entry };
  const { schemas, framing } = entry.avro;
  return { kind: "avro", schemas: resolve(base, schemas), framing };
}

function normaliseRetention(
  entry: StreamEntry["retention"],
  before: StreamConfig["retention"],
): StreamConfig["retention"] {
  const { age, size, freeDisk } = entry ?? {};
  return {
    ageMs: age === undefined ? before.ageMs : millisecondsOf(age),
    bytesMax: size === undefined ? before.bytesMax : bytesOf(size),
    freeDiskBytesMin: freeDisk === undefined ? before.freeDiskBytesMin : bytesOf(freeDisk),
  };
}

/** The streams of the defaults have settings of their own in the environment, and these win. */
function environmentOver(
  stream: StreamConfig,
  from: StreamConfig,
  environment: Environment,
): StreamConfig {
  const isOurs = (name: Parameters<typeof isSet>[1]): boolean => isSet(environment, name);
  if (stream.name === DEVICES) {
    return isOurs("DEVICE_TOPIC_PREFIXES") ? { ...stream, filters: from.filters } : stream;
  }
  if (stream.name !== DATA) return stream;
  const { batch, retention } = stream;
  return {
    ...stream,
    filters: isOurs("TOPIC") ? from.filters : stream.filters,
    retention: {
      ...retention,
      ageMs: isOurs("LOGGER_RETENTION_MINUTES") ? from.retention.ageMs : retention.ageMs,
    },
    batch: {
      rowsMax: isOurs("LOGGER_BATCH_ROWS_MAX") ? from.batch.rowsMax : batch.rowsMax,
      delayMs: isOurs("LOGGER_BATCH_DELAY_MS") ? from.batch.delayMs : batch.delayMs,
    },
  };
}
