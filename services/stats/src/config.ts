import { nameProblem } from "@weir/protocol";
import {
  brokerConfig,
  brokerSettings,
  CheckedSettings,
  ConfigurationFault,
  type Environment,
  httpPortSetting,
  integer,
  processConfig,
  processSettings,
  section,
  staleAfterSeconds,
  statisticsSettings,
  text,
  toolSettings,
  topicSettings,
  topicsDifferRule,
} from "@weir/runtime";
import { indexFileOf } from "@weir/series";
import { deletionsFileOf } from "@weir/store";
import {
  type FollowableStream,
  type StoredStream,
  storedSettings,
  storedStreamsOf,
} from "@weir/streams";
import { publishedFileOf } from "./published-topics.ts";
import { slowTickMs } from "./series-publisher.ts";
import { deviceTopics, type StatisticsTopicOf, streamTopics } from "./series-topics.ts";

/** In place of a stream's name. */
const NO_STREAM = "none";

const seriesSettings = section("Statistics", {
  STATS_SERIES_STREAM: text({
    description:
      "Stream of the devices' states. Each attribute has statistics on STATS_TOPIC/<device>/<attribute>; none disables them. Other streams have statistics where weir.yaml says so.",
    default: "devices",
    allowed: "the name of a stream, or none",
    problem: nameProblem,
  }),
  STATS_SERIES_MAX: integer({
    description:
      "The largest number of series of a stream with statistics. A series is dropped half an hour after its last reading.",
    default: 2_000,
    min: 1,
    max: 20_000,
  }),
  STATS_SERIES_METRICS_MAX: integer({
    description:
      "The largest number of series whose newest values are on /metrics, as weir_series_value; 0 is none.",
    default: 0,
    min: 0,
    max: 10_000,
  }),
  STATS_SERIES_INTERVAL_MS: integer({
    description:
      "Shortest pause between two publications of the same series' statistics, in milliseconds.",
    default: 1_000,
    min: 10,
    max: 600_000,
  }),
  STATS_SERIES_RATE_MAX: integer({
    description:
      "The largest number of publications of series' statistics in a second; the series that has waited longest is first.",
    default: 100,
    min: 1,
    max: 10_000,
  }),
  STATS_HISTORY_FLUSH_SECONDS: integer({
    description:
      "Longest time for which points of the history wait in memory before they are written into files, in seconds: at most 300 for a stream that is one file. A shorter time makes more files, which are merged.",
    default: 600,
    min: 1,
    max: 3_600,
  }),
});

export const statsSettings = {
  ...brokerSettings,
  ...toolSettings,
  ...topicSettings,
  ...storedSettings,
  ...statisticsSettings,
  ...section("Statistics", {
    STATS_INTERVAL_MS: integer({
      description: "Shortest pause between two publications of statistics, in milliseconds.",
      default: 250,
      min: 10,
      max: 60_000,
    }),
    STATS_HTTP_PORT: httpPortSetting(9_103),
  }),
  ...seriesSettings,
  ...processSettings,
};

export type StatsConfig = ReturnType<typeof readStatsConfig>;

/** @throws ConfigurationFault naming every problem, those of weir.yaml included. */
export function readStatsConfig(environment: Environment) {
  const settings = new CheckedSettings(statsSettings, environment, [topicsDifferRule]);
  const series = readSeriesConfig(settings);
  const values = settings.values();
  return {
    process: processConfig(values, values.STATS_HTTP_PORT),
    broker: brokerConfig(values),
    topic: values.STATS_TOPIC,
    file: values.DB_FILE,
    /** New rows are published at most so often. */
    intervalMs: values.STATS_INTERVAL_MS,
    /** Without new rows, the statistics are published so often, because windows empty themselves. */
    slowTickMs: values.STATS_SLOW_TICK_SECONDS * 1_000,
    /** The broker forgets statistics that were not renewed for so long. */
    expirySeconds: staleAfterSeconds(values),
    /** The series of every stream. */
    series,
  };
}

/** The series that are followed, and how their statistics are published. */
export type SeriesConfig = ReturnType<typeof readSeriesConfig>;

/** A stream whose series are followed. */
export interface FollowedStream extends FollowableStream {
  /** Where the statistics of its series are published; `null` for no statistics. */
  topicOf: StatisticsTopicOf | null;
}

const settingsOfSeries = {
  ...storedSettings,
  ...topicSettings,
  ...statisticsSettings,
  ...seriesSettings,
};

/** @throws ConfigurationFault for all the settings, for weir.yaml, and for a stream that cannot be followed. */
function readSeriesConfig(settings: CheckedSettings<typeof settingsOfSeries>) {
  const { streams, devicePrefixes, skewUs } = storedStreamsOf(settings);
  const values = settings.values();
  const ofDevices = deviceStreamOf(settings, values.STATS_SERIES_STREAM, streams);
  const statsTopic = values.STATS_TOPIC;
  const followed = streams
    .filter(({ series }) => series !== "off")
    .map((stream): FollowedStream => {
      const { name, statistics } = stream;
      if (name === ofDevices?.name)
        return { ...stream, topicOf: deviceTopics(statsTopic, devicePrefixes) };
      return { ...stream, topicOf: statistics ? streamTopics(statsTopic, name) : null };
    });
  const pace = {
    slowTickMs: values.STATS_SLOW_TICK_SECONDS * 1_000,
    rateMax: values.STATS_SERIES_RATE_MAX,
  };
  const published = followed.filter(({ topicOf }) => topicOf !== null).length;
  const longestTickMs = slowTickMs(published * values.STATS_SERIES_MAX, pace);
  return {
    streams: followed,
    indexFile: indexFileOf(values.DB_FILE),
    publishedFile: publishedFileOf(values.DB_FILE),
    deletionsFile: deletionsFileOf(values.DB_FILE),
    /** Those of the devices' states; `null` for no statistics of them. */
    devices: ofDevices === null ? null : { place: ofDevices.place, prefixes: devicePrefixes },
    /** Before the series' own levels. */
    statsTopic,
    skewUs,
    seriesMax: values.STATS_SERIES_MAX,
    metricsMax: values.STATS_SERIES_METRICS_MAX,
    /** How long points wait at most before they are written. */
    historyFlushMs: values.STATS_HISTORY_FLUSH_SECONDS * 1_000,
    pace: {
      ...pace,
      intervalMs: values.STATS_SERIES_INTERVAL_MS,
      expirySeconds: staleAfterSeconds({
        STATS_SLOW_TICK_SECONDS: Math.ceil(longestTickMs / 1_000),
      }),
    },
  };
}

/** The stream of the devices' states; `null` for none. @throws ConfigurationFault when it cannot be followed. */
function deviceStreamOf(
  settings: CheckedSettings<typeof settingsOfSeries>,
  name: string,
  streams: readonly StoredStream[],
): StoredStream | null {
  if (name === NO_STREAM) return null;
  const wrongStream = (words: string): ConfigurationFault =>
    new ConfigurationFault([
      ...settings.problems,
      `STATS_SERIES_STREAM: ${JSON.stringify(name)} ${words}`,
    ]);
  const stream = streams.find((one) => one.name === name);
  if (stream === undefined) {
    // The default stream may be switched off; a stream that is named explicitly must exist.
    if (!settings.isSet("STATS_SERIES_STREAM")) return null;
    const names = streams.map((one) => one.name).join(", ");
    throw wrongStream(`is not a stream; the streams are ${names}, or none`);
  }
  if (stream.place.kind === "file") {
    throw wrongStream("is one file, which STATS follows; name one that rotates, or none");
  }
  return stream;
}
