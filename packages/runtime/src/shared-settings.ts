import { topicProblem } from "@weir/protocol";
import { choice, integer, type SettingValues, section, text } from "./settings.ts";

/** The topics of readings and statistics. */
export const topicSettings = section("Topics", {
  TOPIC: text({
    description: "Topic of the readings.",
    default: "DATA",
    allowed: "one topic",
    problem: topicProblem,
  }),
  STATS_TOPIC: text({
    description: "Topic of the statistics; it must differ from TOPIC.",
    default: "STATS",
    allowed: "one topic",
    problem: topicProblem,
  }),
});

/** Statistics on the topic of the readings would be stored as readings and averaged again. */
export const topicsDifferRule = {
  of: ["TOPIC", "STATS_TOPIC"],
  problem: (values: SettingValues<typeof topicSettings>): string | null =>
    values.TOPIC === values.STATS_TOPIC
      ? `STATS_TOPIC: ${JSON.stringify(values.STATS_TOPIC)} is also TOPIC; give the statistics their own topic`
      : null,
} as const;

/** Where the readings are stored. */
export const storeSettings = section("Store", {
  DB_FILE: text({
    description:
      "SQLite file of the readings; made where it is missing. Logger and stats must name the same one.",
    default: "data/weir.db",
    allowed: "a path",
  }),
});

/** How statistics are published, for their publisher and their readers. */
export const statisticsSettings = section("Statistics", {
  STATS_SLOW_TICK_SECONDS: integer({
    description:
      "How often statistics are published while there are no new readings, in seconds. They are stale after three intervals without a publication.",
    default: 10,
    min: 1,
    max: 600,
  }),
});

/** The age in seconds from which statistics are stale: three slow ticks. */
export function staleAfterSeconds(values: SettingValues<typeof statisticsSettings>): number {
  return 3 * values.STATS_SLOW_TICK_SECONDS;
}

/** The settings of every process. */
export const processSettings = section("Processes", {
  LOG_LEVEL: choice({
    description: "The least urgent log lines to write.",
    default: "info",
    of: ["trace", "debug", "info", "warn", "error", "fatal"],
  }),
  LOG_FORMAT: choice({
    description: "JSON lines, or text for people; auto is text on a terminal and JSON elsewhere.",
    default: "auto",
    of: ["auto", "json", "text"],
  }),
  HTTP_HOST: text({
    description: "Address that /healthz, /readyz and /metrics listen on; 0.0.0.0 is all of them.",
    default: "127.0.0.1",
    allowed: "an address of this machine",
  }),
});

type ProcessValues = SettingValues<typeof processSettings>;

/** The configuration that `runService` needs. */
export interface ProcessConfig {
  logLevel: ProcessValues["LOG_LEVEL"];
  logFormat: ProcessValues["LOG_FORMAT"];
  http: { host: string; port: number };
}

/** The port of a service's /healthz, /readyz and /metrics. */
export function httpPortSetting(port: number): ReturnType<typeof integer> {
  return integer({
    description: "Port of /healthz, /readyz and /metrics; 0 takes any free one.",
    default: port,
    min: 0,
    max: 65_535,
  });
}

/** The process's part of a configuration. */
export function processConfig(values: ProcessValues, port: number): ProcessConfig {
  return {
    logLevel: values.LOG_LEVEL,
    logFormat: values.LOG_FORMAT,
    http: { host: values.HTTP_HOST, port },
  };
}
