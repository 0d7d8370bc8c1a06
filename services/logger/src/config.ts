import { NAME_PATTERN, NAME_RULE } from "@weir/protocol";
import {
  brokerSettings,
  CheckedSettings,
  choice,
  type Environment,
  integer,
  loggerAddressSettings,
  loggerTokenFile,
  processConfig,
  processSettings,
  section,
  storeSettings,
  text,
  toolSettings,
  topicSettings,
  topicsDifferRule,
} from "@weir/runtime";
import { prefixesOf, streamSettings, streamsOf } from "@weir/streams";

export const loggerSettings = {
  ...brokerSettings,
  ...toolSettings,
  ...topicSettings,
  ...storeSettings,
  ...streamSettings,
  ...section("Logger", {
    LOGGER_CLOCK_STEADY_SECONDS: integer({
      description:
        "How long this machine's clock must have run evenly before anything is pruned, in seconds.",
      default: 120,
      min: 0,
      max: 86_400,
    }),
    LOGGER_PRUNE_INTERVAL_MS: integer({
      description: "Pause between two passes of pruning, in milliseconds.",
      default: 5_000,
      min: 10,
      max: 3_600_000,
    }),
    LOGGER_PRUNE_ROWS_MAX: integer({
      description: "The largest number of rows that one pass of pruning removes.",
      default: 50_000,
      min: 1,
      max: 1_000_000,
    }),
    LOGGER_SYNCHRONOUS: choice({
      description:
        "FULL: what is acknowledged survives a power cut. NORMAL: faster, and a power cut may cost the newest commits.",
      default: "FULL",
      of: ["FULL", "NORMAL"],
    }),
    LOGGER_TRANSPORT: choice({
      description:
        "How messages are received: direct reads the socket itself where the broker's URL is mqtt:// or mqtts://, and is several times faster; mqttjs uses MQTT.js, as for websockets.",
      default: "direct",
      of: ["direct", "mqttjs"],
    }),
    LOGGER_CLIENT_ID: text({
      description:
        "MQTT client id; the broker keeps the logger's session under it. Two loggers on one broker need two.",
      default: "weir-logger",
      allowed: NAME_RULE,
      problem: (id) => (NAME_PATTERN.test(id) ? null : "it has another character"),
    }),
    LOGGER_SESSION_EXPIRY_SECONDS: integer({
      description: "How long the broker keeps messages for a logger that is away, in seconds.",
      default: 2_592_000,
      min: 60,
      max: 4_294_967_294,
    }),
  }),
  ...loggerAddressSettings,
  ...processSettings,
};

export type LoggerConfig = ReturnType<typeof readLoggerConfig>;

/** The pace of retention, in every stream. */
export type MaintenanceConfig = LoggerConfig["maintenance"];

/** @throws ConfigurationFault naming every problem, those of weir.yaml included. */
export function readLoggerConfig(environment: Environment) {
  const settings = new CheckedSettings(loggerSettings, environment, [topicsDifferRule]);
  const streams = streamsOf(settings);
  const values = settings.values();
  return {
    process: processConfig(values, values.LOGGER_HTTP_PORT),
    /** The pipeline's store; the session files lie beside it. */
    file: values.DB_FILE,
    streams,
    synchronous: values.LOGGER_SYNCHRONOUS,
    transport: values.LOGGER_TRANSPORT,
    clientId: values.LOGGER_CLIENT_ID,
    sessionExpirySeconds: values.LOGGER_SESSION_EXPIRY_SECONDS,
    maintenance: {
      /** Between two passes. */
      intervalMs: values.LOGGER_PRUNE_INTERVAL_MS,
      /** Rows that one pass over a file removes at most. */
      rowsMax: values.LOGGER_PRUNE_ROWS_MAX,
      /** How long the clock must have run evenly before anything counts as old. */
      clockSteadyMs: values.LOGGER_CLOCK_STEADY_SECONDS * 1_000,
    },
    /** With the secret of those who may delete data. */
    tokenFile: loggerTokenFile(values),
    /** How far ahead of reception an observation may lie before its time is replaced. */
    skewUs: values.LOGGER_CLOCK_SKEW_SECONDS * 1_000_000,
    /** The first levels of the topics of devices, before the device's id. */
    devicePrefixes: prefixesOf(values.DEVICE_TOPIC_PREFIXES),
  };
}
