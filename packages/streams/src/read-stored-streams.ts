import { dirname, resolve } from "node:path";
import { type Environment, readSettings, storeSettings, topicSettings } from "@weir/config";
import { readBeside, throwProblems } from "@weir/settings-file";
import { mergeStreams, readNamedFile } from "./configured-streams.ts";
import { defaultStreams } from "./defaults.ts";
import { prefixesOf, streamSettings } from "./settings.ts";
import type { StreamConfig } from "./stream-config.ts";

/** What those need to know who read what is logged, and log nothing themselves. */
export interface StoredStreams {
  streams: readonly Pick<StreamConfig, "name" | "place">[];
  /** The first levels of the topics of devices. */
  devicePrefixes: readonly string[];
  /** How far ahead of reception an observation may lie before its time is not believed. */
  skewUs: number;
}

const settings = { ...topicSettings, ...storeSettings, ...streamSettings };

/**
 * Where streams are stored, without the secrets of their brokers: only the logger can read those. What
 * streams must agree on is the logger's to say, too.
 *
 * @throws ConfigurationFault for a weir.yaml that cannot be read or is not one, and for settings.
 */
export function readStoredStreams(environment: Environment): StoredStreams {
  const { WEIR_FILE: file } = readSettings({ WEIR_FILE: settings.WEIR_FILE }, environment);
  const [values, read] = readBeside(
    () => readSettings(settings, environment),
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
