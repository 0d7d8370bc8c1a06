import {
  brokerConfig,
  brokerSettings,
  choice,
  type Environment,
  httpPortSetting,
  processConfig,
  processSettings,
  readSettings,
  section,
  staleAfterSeconds,
  statisticsSettings,
  topicSettings,
} from "@weir/runtime";

const FORMATS = ["table", "json", "csv"] as const;
export type Format = (typeof FORMATS)[number];

export const statsPrinterSettings = {
  ...brokerSettings,
  ...topicSettings,
  ...statisticsSettings,
  ...section("Printer", {
    STATS_PRINTER_FORMAT: choice({
      description:
        "How the statistics are printed: a table, or a line of JSON or CSV for each update.",
      default: "table",
      of: FORMATS,
    }),
    STATS_PRINTER_LOG_LEVEL: choice({
      description:
        "The least urgent log lines of the printer, which share the terminal with the table.",
      default: "warn",
      of: ["trace", "debug", "info", "warn", "error", "fatal"],
    }),
    STATS_PRINTER_HTTP_PORT: httpPortSetting(9_104),
  }),
  ...processSettings,
};

export type StatsPrinterConfig = ReturnType<typeof readStatsPrinterConfig>;

/** @throws ConfigurationFault naming every problem. */
export function readStatsPrinterConfig(environment: Environment) {
  const values = readSettings(statsPrinterSettings, environment);
  return {
    process: {
      ...processConfig(values, values.STATS_PRINTER_HTTP_PORT),
      logLevel: values.STATS_PRINTER_LOG_LEVEL,
    },
    broker: brokerConfig(values),
    topic: values.STATS_TOPIC,
    format: values.STATS_PRINTER_FORMAT,
    /** Older statistics are shown as `-`. */
    staleAfterSeconds: staleAfterSeconds(values),
  };
}
