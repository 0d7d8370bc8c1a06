import { dirname, resolve } from "node:path";
import type { Environment } from "@weir/config";
import type { DecoderSpec } from "@weir/decoders";
import { DATA, isSet, plainStream, type StreamValues } from "./defaults.ts";
import type { StreamEntry } from "./schema.ts";
import type { StreamConfig } from "./stream-config.ts";
import { bytesOf, millisecondsOf } from "./units.ts";

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
  const { filter, folder, rotation, batch, decoder } = entry;
  const { enabled, retention, ...same } = entry;
  const configured: StreamConfig = {
    ...stream,
    filters: same.filters ?? stream.filters,
    exclude: same.exclude ?? stream.exclude,
    qos: same.qos ?? stream.qos,
    retained: same.retained ?? stream.retained,
    broker: same.broker ?? stream.broker,
    connection: same.connection ?? stream.connection,
    decoder: decoder === undefined ? stream.decoder : decoderSpec(decoder, base),
    filterFile: filter === undefined ? stream.filterFile : resolve(base, filter),
    place:
      folder === undefined
        ? stream.place
        : { kind: "folder", folder: resolve(dirname(values.DB_FILE), folder) },
    rotationMs: rotation === undefined ? stream.rotationMs : millisecondsOf(rotation),
    retention: normaliseRetention(retention, stream.retention),
    batch: {
      rowsMax: batch?.rows ?? stream.batch.rowsMax,
      delayMs: batch?.delay === undefined ? stream.batch.delayMs : millisecondsOf(batch.delay),
    },
  };
  return name === DATA && before !== undefined
    ? environmentOver(configured, before, context.environment)
    : configured;
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

/** The stream of the main job has settings of its own, and the environment wins. */
function environmentOver(
  stream: StreamConfig,
  fromEnvironment: StreamConfig,
  environment: Environment,
): StreamConfig {
  const { batch, retention } = stream;
  const from = fromEnvironment;
  const isOurs = (name: Parameters<typeof isSet>[1]): boolean => isSet(environment, name);
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
