import {
  type BrokerConfig,
  brokerConfig,
  brokerSettings,
  choice,
  type Environment,
  httpPortSetting,
  integer,
  type ProcessConfig,
  processConfig,
  processSettings,
  type Rule,
  readSettings,
  section,
  storeSettings,
  text,
  topicSettings,
  topicsDifferRule,
} from "@weir/config";
import { WINDOW_SECONDS_MAX } from "@weir/messages";

export interface LoggerConfig {
  process: ProcessConfig;
  broker: BrokerConfig;
  topic: string;
  file: string;
  synchronous: "FULL" | "NORMAL";
  clientId: string;
  sessionExpirySeconds: number;
  batch: BatchConfig;
  retention: RetentionConfig;
  /** How far ahead of reception an observation may lie before its time is not believed. */
  skewUs: number;
}

export interface BatchConfig {
  /** A batch is committed when it has so many rows, … */
  rowsMax: number;
  /** … or so many bytes of payload, … */
  bytesMax: number;
  /** … or when its first row has waited for so long. */
  delayMs: number;
}

export interface RetentionConfig {
  retentionUs: number;
  skewUs: number;
  intervalMs: number;
  rowsMax: number;
  clockSteadyMs: number;
}

const BATCH_BYTES_MAX = 4 * 1024 * 1024;

export const loggerSettings = {
  ...brokerSettings,
  ...topicSettings,
  ...storeSettings,
  ...section("Logger", {
    LOGGER_RETENTION_MINUTES: integer({
      description:
        "How long readings are kept, in minutes; at least the longest window and the clock skew.",
      default: 35,
      min: 1,
      max: 5_256_000,
    }),
    LOGGER_CLOCK_SKEW_SECONDS: integer({
      description:
        "How far in the future a reading's time may lie, in seconds, before its time of reception is used instead.",
      default: 60,
      min: 0,
      max: 3_600,
    }),
    LOGGER_CLOCK_STEADY_SECONDS: integer({
      description:
        "How long this machine's clock must have run evenly before anything is pruned, in seconds.",
      default: 120,
      min: 0,
      max: 86_400,
    }),
    LOGGER_PRUNE_INTERVAL_MS: integer({
      description: "Pause between two passes of pruning, in milliseconds.",
      default: 1_000,
      min: 10,
      max: 3_600_000,
    }),
    LOGGER_PRUNE_ROWS_MAX: integer({
      description: "Rows that one pass of pruning removes at most.",
      default: 50_000,
      min: 1,
      max: 1_000_000,
    }),
    LOGGER_BATCH_ROWS_MAX: integer({
      description: "Messages that are committed together at most.",
      default: 1_000,
      min: 1,
      max: 50_000,
    }),
    LOGGER_BATCH_DELAY_MS: integer({
      description:
        "How long a message may wait for others before it is committed, in milliseconds.",
      default: 20,
      min: 0,
      max: 10_000,
    }),
    LOGGER_SYNCHRONOUS: choice({
      description:
        "FULL: what is acknowledged survives a power cut. NORMAL: faster, and a power cut may cost the newest commits.",
      default: "FULL",
      of: ["FULL", "NORMAL"],
    }),
    LOGGER_CLIENT_ID: text({
      description:
        "MQTT client id; the broker keeps the logger's session under it. Two loggers on one broker need two.",
      default: "weir-logger",
      allowed: "1 to 64 letters, digits, dots, underscores or hyphens",
      problem: (id) => (/^[A-Za-z0-9._-]{1,64}$/.test(id) ? null : "it has another character"),
    }),
    LOGGER_SESSION_EXPIRY_SECONDS: integer({
      description: "How long the broker keeps messages for a logger that is away, in seconds.",
      default: 2_592_000,
      min: 60,
      max: 4_294_967_294,
    }),
    LOGGER_HTTP_PORT: httpPortSetting(9_102),
  }),
  ...processSettings,
};

const rules: readonly Rule<typeof loggerSettings>[] = [
  topicsDifferRule,
  {
    of: ["LOGGER_RETENTION_MINUTES", "LOGGER_CLOCK_SKEW_SECONDS"],
    problem: ({ LOGGER_RETENTION_MINUTES: minutes, LOGGER_CLOCK_SKEW_SECONDS: skewSeconds }) => {
      const neededMinutes = Math.ceil((WINDOW_SECONDS_MAX + skewSeconds) / 60);
      return minutes >= neededMinutes
        ? null
        : `LOGGER_RETENTION_MINUTES: ${minutes} is shorter than the longest window and the clock skew; make it at least ${neededMinutes}`;
    },
  },
];

export function readLoggerConfig(environment: Environment): LoggerConfig {
  const values = readSettings(loggerSettings, environment, rules);
  const skewUs = values.LOGGER_CLOCK_SKEW_SECONDS * 1_000_000;
  return {
    process: processConfig(values, values.LOGGER_HTTP_PORT),
    broker: brokerConfig(values),
    topic: values.TOPIC,
    file: values.DB_FILE,
    synchronous: values.LOGGER_SYNCHRONOUS,
    clientId: values.LOGGER_CLIENT_ID,
    sessionExpirySeconds: values.LOGGER_SESSION_EXPIRY_SECONDS,
    batch: {
      rowsMax: values.LOGGER_BATCH_ROWS_MAX,
      bytesMax: BATCH_BYTES_MAX,
      delayMs: values.LOGGER_BATCH_DELAY_MS,
    },
    retention: {
      retentionUs: values.LOGGER_RETENTION_MINUTES * 60_000_000,
      skewUs,
      intervalMs: values.LOGGER_PRUNE_INTERVAL_MS,
      rowsMax: values.LOGGER_PRUNE_ROWS_MAX,
      clockSteadyMs: values.LOGGER_CLOCK_STEADY_SECONDS * 1_000,
    },
    skewUs,
  };
}
