import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Environment } from "@weir/config";
import type { DecoderSpec } from "@weir/decoders";
import { bytesOf, millisecondsOf } from "@weir/settings-file";
import { DATA, DEVICES, isSet, plainStream, type StreamValues } from "./defaults.ts";
import type { StreamEntry } from "./schema.ts";
import type { StreamConfig } from "./stream-config.ts";

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
