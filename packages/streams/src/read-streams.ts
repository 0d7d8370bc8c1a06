import { dirname, resolve } from "node:path";
import {
  brokerConfig,
  brokerSettings,
  ConfigurationFault,
  type Environment,
  type FileFormat,
  fileJsonSchema,
  millisecondsOf,
  readBeside,
  readSettings,
  readSettingsFile,
  type SettingsFile,
  storeSettings,
  throwProblems,
  topicSettings,
} from "@weir/runtime";
import { readBrokers } from "./brokers.ts";
import { problemsOf } from "./rules.ts";
import { type WeirFile, weirFile } from "./schema.ts";
import {
  defaultStreams,
  isSet,
  type NormaliseContext,
  normaliseStream,
  prefixesOf,
  type StreamConfig,
  type StreamsConfig,
  streamSettings,
} from "./stream-config.ts";

/** What weir.yaml may hold. */
const weirFileFormat: FileFormat<WeirFile> = {
  schema: weirFile,
  example: "config/weir.example.yaml",
  missingKeys: {
    password:
      "no password stands in this file; put it into a file (passwordFile) or a variable of the environment (passwordVariable)",
  },
};

/** JSON Schema of weir.yaml, for editors. */
export function weirFileJsonSchema(): object {
  return fileJsonSchema("weir.yaml", weirFile);
}

/** Nobody misses the usual file; one that was asked for is missed. */
function readNamedFile(file: string, environment: Environment): SettingsFile<WeirFile> | null {
  const read = readSettingsFile(file, weirFileFormat);
  if (read === null && isSet(environment, "WEIR_FILE")) {
    throw new ConfigurationFault([`WEIR_FILE: ${file} is not there; make it, or unset WEIR_FILE`]);
  }
  return read;
}

/** The entries of weir.yaml over the streams that are there without it. */
function mergeStreams(
  defaults: readonly StreamConfig[],
  entries: NonNullable<WeirFile["streams"]>,
  context: NormaliseContext,
): StreamConfig[] {
  const streams = new Map(defaults.map((stream) => [stream.name, stream]));
  for (const [name, entry] of Object.entries(entries)) {
    if (entry.enabled === false) streams.delete(name);
    else {
      const before = streams.get(name);
      streams.set(name, normaliseStream(name, entry, { ...context, before }));
    }
  }
  return [...streams.values()];
}

const PERFORMANCE_TOPIC = "weir/service/logger/performance";
const PERFORMANCE_INTERVAL = "10s";
const settings = { ...brokerSettings, ...topicSettings, ...storeSettings, ...streamSettings };

/**
 * What is logged: the environment over weir.yaml over the defaults.
 *
 * @throws ConfigurationFault with every problem: file, line, path, value and remedy.
 */
export function readStreams(environment: Environment): StreamsConfig {
  const { WEIR_FILE: file } = readSettings({ WEIR_FILE: settings.WEIR_FILE }, environment);
  const [values, read] = readBeside(
    () => readSettings(settings, environment),
    () => readNamedFile(file, environment),
  );
  const content = read?.content ?? {};
  const base = resolve(dirname(file));
  const { brokers, problems } = readBrokers(content.brokers ?? {}, {
    own: brokerConfig(values),
    environment,
    base,
  });
  const streams = mergeStreams(defaultStreams(values), content.streams ?? {}, {
    values,
    environment,
    base,
  });
  throwProblems(read, [...problems, ...problemsOf({ streams, brokers }, { values, environment })]);
  const interval = content.performance?.interval ?? PERFORMANCE_INTERVAL;
  return {
    brokers,
    streams,
    performance: { intervalMs: millisecondsOf(interval), topic: PERFORMANCE_TOPIC },
    file: read === null ? null : file,
  };
}

/** What those need to know who read what is logged, and log nothing themselves. */
export interface StoredStreams {
  streams: readonly Pick<StreamConfig, "name" | "place">[];
  /** The first levels of the topics of devices. */
  devicePrefixes: readonly string[];
  /** How far ahead of reception an observation may lie before its time is not believed. */
  skewUs: number;
}

const storedSettings = { ...topicSettings, ...storeSettings, ...streamSettings };

/**
 * Where streams are stored, without the secrets of their brokers: only the logger can read those. What
 * streams must agree on is the logger's to say, too.
 *
 * @throws ConfigurationFault for a weir.yaml that cannot be read or is not one, and for storedSettings.
 */
export function readStoredStreams(environment: Environment): StoredStreams {
  const { WEIR_FILE: file } = readSettings({ WEIR_FILE: storedSettings.WEIR_FILE }, environment);
  const [values, read] = readBeside(
    () => readSettings(storedSettings, environment),
    () => readNamedFile(file, environment),
  );
  throwProblems(read, []);
  const base = resolve(dirname(file));
  const entries = read?.content.streams ?? {};
  return {
    streams: mergeStreams(defaultStreams(values), entries, { values, environment, base }),
    devicePrefixes: prefixesOf(values.DEVICE_TOPIC_PREFIXES),
    skewUs: values.LOGGER_CLOCK_SKEW_SECONDS * 1_000_000,
  };
}
