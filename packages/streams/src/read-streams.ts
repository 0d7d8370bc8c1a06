import {
  brokerConfig,
  brokerSettings,
  CheckedSettings,
  type Environment,
  type FileFormat,
  jsonSchemaOf,
  readConfigFile,
  storeSettings,
  topicSettings,
} from "@weir/runtime";
import { readBrokers } from "./brokers.ts";
import { problemsOf } from "./rules.ts";
import { type WeirFile, weirFile } from "./schema.ts";
import {
  configureStreams,
  placesOf,
  prefixesOf,
  type StreamConfig,
  type StreamsConfig,
  streamSettings,
} from "./stream-config.ts";

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
  return { title: "weir.yaml", ...jsonSchemaOf(weirFile) };
}

const PERFORMANCE_TOPIC = "weir/service/logger/performance";
const PERFORMANCE_INTERVAL_MS = 10_000;
const loggedSettings = {
  ...brokerSettings,
  ...topicSettings,
  ...storeSettings,
  ...streamSettings,
};

/**
 * What is logged, for a program that has no other settings.
 *
 * @throws ConfigurationFault with every problem: file, line, path, value and remedy.
 */
export function readStreams(environment: Environment): StreamsConfig {
  return streamsOf(new CheckedSettings(loggedSettings, environment));
}

/**
 * What is logged: the environment over weir.yaml over the defaults.
 *
 * @throws ConfigurationFault with every problem, those of all the settings included.
 */
export function streamsOf(settings: CheckedSettings<typeof loggedSettings>): StreamsConfig {
  return readConfigFile(
    settings,
    { variable: "WEIR_FILE", needs: loggedSettings, format: weirFileFormat },
    (values, file) => {
      const { brokers, problems } = readBrokers(file.content.brokers ?? {}, {
        own: brokerConfig(values),
        environment: settings.environment,
        base: file.folder,
      });
      const config: StreamsConfig = {
        brokers,
        streams: configureStreams(settings, values, file),
        performance: {
          intervalMs: file.content.performance?.interval ?? PERFORMANCE_INTERVAL_MS,
          topic: PERFORMANCE_TOPIC,
        },
        file: file.name,
      };
      return { config, problems: [...problems, ...problemsOf(config, values, settings)] };
    },
  );
}

/** What a program needs to know of the streams that follows them and logs nothing itself. */
interface StoredStreams {
  streams: readonly Pick<StreamConfig, "name" | "place">[];
  /** The first levels of the topics of devices. */
  devicePrefixes: readonly string[];
  /** How far ahead of reception an observation may lie before its time is replaced. */
  skewUs: number;
}

const { WEIR_FILE, DEVICE_TOPIC_PREFIXES, LOGGER_CLOCK_SKEW_SECONDS } = streamSettings;
/** The settings of `storedStreamsOf`. */
export const storedSettings = {
  ...storeSettings,
  WEIR_FILE,
  DEVICE_TOPIC_PREFIXES,
  LOGGER_CLOCK_SKEW_SECONDS,
};

/**
 * Where streams are stored. The secrets of their brokers are not read, since only the logger may be able to;
 * the rules that streams must satisfy together are the logger's to check, too.
 *
 * @throws ConfigurationFault for a weir.yaml whose form is wrong, and for all the settings.
 */
export function storedStreamsOf(settings: CheckedSettings<typeof storedSettings>): StoredStreams {
  return readConfigFile(
    settings,
    { variable: "WEIR_FILE", needs: storedSettings, format: weirFileFormat },
    (values, file) => ({
      config: {
        streams: placesOf(file.content.streams ?? {}, values.DB_FILE),
        devicePrefixes: prefixesOf(values.DEVICE_TOPIC_PREFIXES),
        skewUs: values.LOGGER_CLOCK_SKEW_SECONDS * 1_000_000,
      },
      problems: [],
    }),
  );
}
