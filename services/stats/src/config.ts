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
import { storedSettings, storedStreamsOf } from "@weir/streams";
import { slowTickMs } from "./series-publisher.ts";

/** In place of a stream's name. */
const NO_STREAM = "none";

const seriesSettings = section("Statistics", {
  STATS_SERIES_STREAM: text({
    description:
      "Stream of the devices' states. Each attribute has statistics on STATS_TOPIC/<device>/<attribute>; none disables them.",
    default: "devices",
    allowed: "the name of a stream, or none",
    problem: nameProblem,
  }),
  STATS_SERIES_MAX: integer({
    description:
      "The largest number of attributes with statistics. An attribute is dropped half an hour after its last reading.",
    default: 2_000,
    min: 1,
    max: 20_000,
  }),
  STATS_SERIES_INTERVAL_MS: integer({
    description:
      "Shortest pause between two publications of the same attribute's statistics, in milliseconds.",
    default: 1_000,
    min: 10,
    max: 600_000,
  }),
  STATS_SERIES_RATE_MAX: integer({
    description:
      "The largest number of publications of attributes' statistics in a second; the attribute that has waited longest is first.",
    default: 100,
    min: 1,
    max: 10_000,
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
    /** The statistics of devices' attributes; `null` for none. */
    series,
  };
}

/** Which series there are statistics of, and how they are published. */
export type SeriesConfig = NonNullable<ReturnType<typeof readSeriesConfig>>;

const settingsOfSeries = {
  ...storedSettings,
  ...topicSettings,
  ...statisticsSettings,
  ...seriesSettings,
};

/**
 * @returns `null` for no series, or when a setting is wrong that this depends on.
 * @throws ConfigurationFault for all the settings, for weir.yaml, and for a stream that cannot be followed.
 */
function readSeriesConfig(settings: CheckedSettings<typeof settingsOfSeries>) {
  const values = settings.valuesOf(settingsOfSeries);
  const name = values?.STATS_SERIES_STREAM;
  if (values === null || name === undefined || name === NO_STREAM) return null;
  const { streams, devicePrefixes, skewUs } = storedStreamsOf(settings);
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
  const pace = {
    slowTickMs: values.STATS_SLOW_TICK_SECONDS * 1_000,
    rateMax: values.STATS_SERIES_RATE_MAX,
  };
  const longestTickMs = slowTickMs(values.STATS_SERIES_MAX, pace);
  return {
    place: stream.place,
    prefixes: devicePrefixes,
    skewUs,
    /** Before the device and the attribute. */
    topic: values.STATS_TOPIC,
    seriesMax: values.STATS_SERIES_MAX,
    pace: {
      ...pace,
      intervalMs: values.STATS_SERIES_INTERVAL_MS,
      expirySeconds: staleAfterSeconds({
        STATS_SLOW_TICK_SECONDS: Math.ceil(longestTickMs / 1_000),
      }),
    },
  };
}
