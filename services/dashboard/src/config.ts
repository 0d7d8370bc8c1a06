import { dirname, join } from "node:path";
import {
  brokerConfig,
  brokerSettings,
  CheckedSettings,
  type Environment,
  httpPortSetting,
  integer,
  loggerAddress,
  loggerAddressSettings,
  optionalText,
  processConfig,
  processSettings,
  section,
  staleAfterSeconds,
  statisticsSettings,
  storeSettings,
  text,
  topicSettings,
  topicsDifferRule,
} from "@weir/runtime";
import { indexFileOf } from "@weir/series";
import { prefixesOf, streamSettings, streamsOf } from "@weir/streams";

export const dashboardSettings = {
  ...brokerSettings,
  ...topicSettings,
  ...storeSettings,
  ...streamSettings,
  ...statisticsSettings,
  ...loggerAddressSettings,
  ...section("Dashboard", {
    DASHBOARD_HOST: text({
      description:
        "Address that the pages and the API listen on. In Compose it is fixed; DASHBOARD_PUBLISH says who reaches it.",
      default: "127.0.0.1",
      allowed: "an address of this machine",
    }),
    DASHBOARD_PORT: integer({
      description: "Port of the pages and the API; 0 takes any free one.",
      default: 8_080,
      min: 0,
      max: 65_535,
    }),
    DASHBOARD_FILE: optionalText({
      description:
        "SQLite file of users, sessions and the connection log. Without it: dashboard.db beside DB_FILE.",
      allowed: "a path",
    }),
    DASHBOARD_HTTP_PORT: httpPortSetting(9_106),
  }),
  ...processSettings,
};

export type DashboardConfig = ReturnType<typeof readDashboardConfig>;

/** @throws ConfigurationFault naming every problem, those of weir.yaml included. */
export function readDashboardConfig(environment: Environment) {
  const settings = new CheckedSettings(dashboardSettings, environment, [topicsDifferRule]);
  const streams = streamsOf(settings);
  const values = settings.values();
  return {
    process: processConfig(values, values.DASHBOARD_HTTP_PORT),
    host: values.DASHBOARD_HOST,
    port: values.DASHBOARD_PORT,
    file: values.DASHBOARD_FILE ?? join(dirname(values.DB_FILE), "dashboard.db"),
    broker: brokerConfig(values),
    logger: loggerAddress(values),
    statsTopic: values.STATS_TOPIC,
    /** Older statistics are stale. */
    staleAfterSeconds: staleAfterSeconds(values),
    storeFile: values.DB_FILE,
    indexFile: indexFileOf(values.DB_FILE),
    streams,
    /** How far ahead of reception an observation may lie before its time is replaced. */
    skewUs: values.LOGGER_CLOCK_SKEW_SECONDS * 1_000_000,
    devicePrefixes: prefixesOf(values.DEVICE_TOPIC_PREFIXES),
  };
}
