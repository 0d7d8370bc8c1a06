import { dirname, isAbsolute, join, resolve } from "node:path";
import { filterProblem, matchesFilter } from "@weir/protocol";
import {
  type BrokerConfig,
  type CheckedSettings,
  type ConfigFile,
  integer,
  type SettingValues,
  section,
  type storeSettings,
  text,
  type topicSettings,
} from "@weir/runtime";
import type { SeriesChoice } from "@weir/series";
import type { StreamPlace } from "@weir/store";
import type { DecoderSpec } from "./decoder.ts";
import type { StreamEntry, WeirFile } from "./schema.ts";

/** The settings of streams. weir.yaml has the rest. */
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
    description: "The largest number of messages in one commit.",
    default: 5_000,
    min: 1,
    max: 50_000,
  }),
  LOGGER_BATCH_DELAY_MS: integer({
    description:
      "How long a message may wait for others before it is committed, in milliseconds; at high rates it waits for a third of that.",
    default: 240,
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
  /** What happens to retained messages: `mark` stores them without a value. */
  retained: "store" | "mark" | "skip";
  decoder: DecoderSpec;
  /** The IANA name of the zone that times without a zone are in; `null` where none is named. */
  timeZone: string | null;
  /** Which numbers of the payloads are series. */
  series: SeriesChoice;
  /** Whether the averages of its series are published. */
  statistics: boolean;
  /** A TypeScript file, `null` for none. */
  filterFile: string | null;
  place: StreamPlace;
  /** `null` for the one file of `place.kind` "file". */
  rotationMs: number | null;
  /** `null` is no limit. */
  retention: {
    ageMs: number | null;
    /** For a folder all its segments, for a file the file itself. */
    bytesMax: number | null;
    /** So much of the disk is left to others. */
    freeDiskBytesMin: number | null;
  };
  /** How long points of its series are kept: `Infinity` is forever, `null` is no history. */
  historyMs: number | null;
  /** How long after its end a segment becomes a Parquet file; `null` is never. */
  archiveAfterMs: number | null;
  batch: { rowsMax: number; delayMs: number };
  /** A key of `StreamsConfig.brokers`. */
  broker: string;
  connection: "shared" | "own";
}

/** Whether a stream stores what is published on a topic. */
export function takes(
  { filters, exclude }: Pick<StreamConfig, "filters" | "exclude">,
  topic: string,
): boolean {
  const isMatched = (filter: string): boolean => matchesFilter(filter, topic);
  return filters.some(isMatched) && !exclude.some(isMatched);
}

/** Everything that is logged. */
export interface StreamsConfig {
  /** `default` is the broker of the environment. */
  brokers: Readonly<Record<string, BrokerConfig>>;
  /** The variables of the environment that hold passwords of brokers. */
  passwordVariables: readonly string[];
  streams: readonly StreamConfig[];
  /** How often and where the logger publishes its performance. */
  performance: { intervalMs: number; topic: string };
  /** The weir.yaml that was read; `null` when there is none. */
  file: string | null;
}

export const DEFAULT_BROKER = "default";

/** The settings that streams are configured by, beside weir.yaml. */
type OwnSettings = typeof topicSettings & typeof storeSettings & typeof streamSettings;
export type StreamSettings = CheckedSettings<OwnSettings>;
export type StreamValues = SettingValues<OwnSettings>;

const DAY_MS = 86_400_000;
const HISTORY_DAYS = 400;
const MINUTE_MS = 60_000;

/** The stream of the readings that statistics are computed from. */
export const DATA = "data";
/** The stream of the states, logs and acks of devices. */
const DEVICES = "devices";
/** What devices say of themselves to Home Assistant: it has the names and the units of their series. */
export const DISCOVERY_FILTER = "homeassistant/device/+/config";

/** What a program needs to know of a stream that follows it and logs nothing itself. */
export type StoredStream = Pick<
  StreamConfig,
  "name" | "place" | "decoder" | "timeZone" | "series" | "statistics" | "historyMs"
>;

/** A stream that may be followed, and how soon that must be. */
export interface FollowableStream extends StoredStream {
  /** The age at which rows are removed, as weir.yaml says; for `data` the environment may say another. */
  rowsAgeMs: number | null;
}

/** The streams that weir.yaml does not switch off, without what only the logger needs. */
export function storedStreams(
  entries: Readonly<Record<string, StreamEntry>>,
  { storeFile, base }: { storeFile: string; base: string },
): FollowableStream[] {
  const names = new Set([DATA, DEVICES, ...Object.keys(entries)]);
  return [...names]
    .filter((name) => entries[name]?.enabled !== false)
    .map((name) => {
      const { folder, decoder, timeZone, series, statistics, history, retention } =
        entries[name] ?? {};
      return {
        name,
        place: placeOf(name, folder, storeFile),
        decoder: decoder === undefined ? defaultDecoder(name) : decoderSpec(decoder, base),
        timeZone: timeZone ?? null,
        series: series ?? "auto",
        statistics: statistics ?? false,
        historyMs: historyMsOf(history, defaultHistoryMs(name)),
        rowsAgeMs: retention?.age ?? null,
      };
    });
}

function defaultDecoder(name: string): DecoderSpec {
  if (name === DATA) return { kind: "reading" };
  return { kind: name === DEVICES ? "device" : "auto" };
}

/** The stream data is for the windows of the statistics: it has a history only where weir.yaml asks for one. */
function defaultHistoryMs(name: string): number | null {
  return name === DATA ? null : HISTORY_DAYS * DAY_MS;
}

function historyMsOf(history: StreamEntry["history"], before: number | null): number | null {
  if (history === "off") return null;
  return history === "forever" ? Number.POSITIVE_INFINITY : (history ?? before);
}
/** A configured folder is written as the default folders are, so that naming one of them changes nothing. */
function placeOf(name: string, folder: string | undefined, storeFile: string): StreamPlace {
  if (folder === undefined && name === DATA) return { kind: "file", file: storeFile };
  const given = folder ?? name;
  const path = isAbsolute(given) ? join(given) : join(dirname(storeFile), given);
  return { kind: "folder", folder: path };
}

/** A stream with the defaults, and without filters. */
function plainStream(name: string, values: StreamValues): StreamConfig {
  return {
    name,
    filters: [],
    exclude: [],
    qos: 1,
    retained: "store",
    decoder: defaultDecoder(name),
    timeZone: null,
    series: "auto",
    statistics: false,
    filterFile: null,
    place: placeOf(name, undefined, values.DB_FILE),
    rotationMs: DAY_MS,
    retention: { ageMs: null, bytesMax: null, freeDiskBytesMin: null },
    historyMs: defaultHistoryMs(name),
    archiveAfterMs: null,
    batch: { rowsMax: values.LOGGER_BATCH_ROWS_MAX, delayMs: values.LOGGER_BATCH_DELAY_MS },
    broker: DEFAULT_BROKER,
    connection: "shared",
  };
}

/** The streams without a weir.yaml. */
function defaultStreams(values: StreamValues): StreamConfig[] {
  const data = plainStream(DATA, values);
  const devices = plainStream(DEVICES, values);
  return [
    {
      ...data,
      filters: [values.TOPIC],
      rotationMs: null,
      retention: { ...data.retention, ageMs: values.LOGGER_RETENTION_MINUTES * MINUTE_MS },
    },
    {
      ...devices,
      filters: [
        ...prefixesOf(values.DEVICE_TOPIC_PREFIXES).map((prefix) => `${prefix}/#`),
        DISCOVERY_FILTER,
      ],
      // A retained message is not a new state.
      retained: "mark",
      retention: { ...devices.retention, ageMs: 7 * DAY_MS },
    },
  ];
}

/** The streams: the settings that the environment sets itself over weir.yaml over the defaults. */
export function configureStreams(
  settings: StreamSettings,
  values: StreamValues,
  { content, folder: base }: ConfigFile<WeirFile>,
): StreamConfig[] {
  const streams = new Map(defaultStreams(values).map((stream) => [stream.name, stream]));
  for (const [name, entry] of Object.entries(content.streams ?? {})) {
    if (entry.enabled === false) streams.delete(name);
    else {
      const before = streams.get(name) ?? plainStream(name, values);
      streams.set(name, configure(before, withoutOverridden(name, entry, settings), values, base));
    }
  }
  return [...streams.values()];
}

/** An entry without the keys that the environment sets itself for one of the default streams. */
function withoutOverridden(
  name: string,
  entry: StreamEntry,
  settings: StreamSettings,
): StreamEntry {
  const { filters, retention, batch } = entry;
  switch (name) {
    case DEVICES:
      return settings.isSet("DEVICE_TOPIC_PREFIXES") ? { ...entry, filters: undefined } : entry;
    case DATA:
      return {
        ...entry,
        filters: settings.isSet("TOPIC") ? undefined : filters,
        retention: {
          ...retention,
          age: settings.isSet("LOGGER_RETENTION_MINUTES") ? undefined : retention?.age,
        },
        batch: {
          rows: settings.isSet("LOGGER_BATCH_ROWS_MAX") ? undefined : batch?.rows,
          delay: settings.isSet("LOGGER_BATCH_DELAY_MS") ? undefined : batch?.delay,
        },
      };
    default:
      return entry;
  }
}

/** A stream with the keys of its entry. Durations are in milliseconds, sizes in bytes. */
function configure(
  stream: StreamConfig,
  entry: StreamEntry,
  { DB_FILE }: StreamValues,
  base: string,
): StreamConfig {
  const { filter, retention, batch, decoder } = entry;
  return {
    name: stream.name,
    filters: entry.filters ?? stream.filters,
    exclude: entry.exclude ?? stream.exclude,
    qos: entry.qos ?? stream.qos,
    retained: entry.retained ?? stream.retained,
    broker: entry.broker ?? stream.broker,
    connection: entry.connection ?? stream.connection,
    decoder: decoder === undefined ? stream.decoder : decoderSpec(decoder, base),
    timeZone: entry.timeZone ?? stream.timeZone,
    series: entry.series ?? stream.series,
    statistics: entry.statistics ?? stream.statistics,
    filterFile: filter === undefined ? stream.filterFile : resolve(base, filter),
    place: placeOf(stream.name, entry.folder, DB_FILE),
    rotationMs: entry.rotation ?? stream.rotationMs,
    retention: {
      ageMs: retention?.age ?? stream.retention.ageMs,
      bytesMax: retention?.size ?? stream.retention.bytesMax,
      freeDiskBytesMin: retention?.freeDisk ?? stream.retention.freeDiskBytesMin,
    },
    historyMs: historyMsOf(entry.history, stream.historyMs),
    archiveAfterMs: entry.archive?.after ?? stream.archiveAfterMs,
    batch: {
      rowsMax: batch?.rows ?? stream.batch.rowsMax,
      delayMs: batch?.delay ?? stream.batch.delayMs,
    },
  };
}

function decoderSpec(entry: NonNullable<StreamEntry["decoder"]>, base: string): DecoderSpec {
  if (typeof entry === "string") return { kind: entry };
  const { schemas, framing } = entry.avro;
  return { kind: "avro", schemas: resolve(base, schemas), framing };
}
