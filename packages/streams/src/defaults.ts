import { dirname, join } from "node:path";
import type { Environment, SettingValues, storeSettings, topicSettings } from "@weir/config";
import { prefixesOf, type streamSettings } from "./settings.ts";
import { DEFAULT_BROKER, type StreamConfig } from "./stream-config.ts";

/** The settings that streams follow from. */
export type StreamValues = SettingValues<
  typeof streamSettings & typeof topicSettings & typeof storeSettings
>;

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** The stream of the main job. */
export const DATA = "data";
/** The stream of the devices' states, logs and acks. */
export const DEVICES = "devices";

/** A stream of which nothing but its name is known. It has no filters yet. */
export function plainStream(name: string, values: StreamValues): StreamConfig {
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
