import { dirname, resolve } from "node:path";
import {
  brokerConfig,
  brokerSettings,
  ConfigurationFault,
  type Environment,
  readSettings,
  readTogether,
  storeSettings,
  topicSettings,
} from "@weir/config";
import {
  faultWithoutFile,
  millisecondsOf,
  readSettingsFile,
  type SettingsFile,
} from "@weir/settings-file";
import { readBrokers } from "./brokers.ts";
import { defaultStreams, isSet } from "./defaults.ts";
import { type NormaliseContext, normaliseStream } from "./normalise.ts";
import { problemsOf } from "./rules.ts";
import type { WeirFile } from "./schema.ts";
import { streamSettings } from "./settings.ts";
import type { StreamConfig, StreamsConfig } from "./stream-config.ts";
import { weirFileFormat } from "./weir-file.ts";

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
  const [values, read] = readTogether(
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
  const found = [...problems, ...problemsOf({ streams, brokers }, { values, environment })];
  if (found.length > 0) throw read === null ? faultWithoutFile(found) : read.faultOf(found);
  const interval = content.performance?.interval ?? PERFORMANCE_INTERVAL;
  return {
    brokers,
    streams,
    performance: { intervalMs: millisecondsOf(interval), topic: PERFORMANCE_TOPIC },
    file: read === null ? null : file,
  };
}

/** Nobody misses the usual file; one that was asked for is missed. */
function readNamedFile(file: string, environment: Environment): SettingsFile<WeirFile> | null {
  const read = readSettingsFile(file, weirFileFormat);
  if (read === null && isSet(environment, "WEIR_FILE")) {
    throw new ConfigurationFault([`WEIR_FILE: ${file} is not there; make it, or unset WEIR_FILE`]);
  }
  return read;
}

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
