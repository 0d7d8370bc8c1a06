import {
  type BrokerConfig,
  brokerConfig,
  brokerSettings,
  CheckedSettings,
  type Environment,
  httpPortSetting,
  integer,
  type ProcessConfig,
  processConfig,
  processSettings,
  section,
  staleAfterSeconds,
  statisticsSettings,
  toolSettings,
  topicSettings,
  topicsDifferRule,
} from "@weir/runtime";
import { storedSettings } from "@weir/streams";
import { readSeriesConfig, type SeriesConfig, seriesSettings } from "./series-config.ts";

export interface StatsConfig {
  process: ProcessConfig;
  broker: BrokerConfig;
  topic: string;
  file: string;
  /** New rows are published at most so often. */
  intervalMs: number;
  /** Without new rows, the statistics are published so often, because windows empty themselves. */
  slowTickMs: number;
  /** The broker forgets statistics that were not renewed for so long. */
  expirySeconds: number;
  /** The statistics of devices' attributes; `null` for none. */
  series: SeriesConfig | null;
}

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

/** @throws ConfigurationFault naming every problem, those of weir.yaml included. */
export function readStatsConfig(environment: Environment): StatsConfig {
  const settings = new CheckedSettings(statsSettings, environment, [topicsDifferRule]);
  const series = readSeriesConfig(settings);
  const values = settings.values();
  return {
    process: processConfig(values, values.STATS_HTTP_PORT),
    broker: brokerConfig(values),
    topic: values.STATS_TOPIC,
    file: values.DB_FILE,
    intervalMs: values.STATS_INTERVAL_MS,
    slowTickMs: values.STATS_SLOW_TICK_SECONDS * 1_000,
    expirySeconds: staleAfterSeconds(values),
    series,
  };
}
