import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { dashboardSettings, readDashboardConfig } from "@weir/dashboard/config";
import { deviceAgentSettings, readAgentConfig } from "@weir/device-agent/config";
import { type LoggerConfig, loggerSettings, readLoggerConfig } from "@weir/logger/config";
import { publisherSettings, readPublisherConfig } from "@weir/publisher/config";
import {
  ConfigurationFault,
  choice,
  type Environment,
  nameWarnings,
  readSettings,
  section,
  text,
} from "@weir/runtime";
import { readStatsConfig, statsSettings } from "@weir/stats/config";
import { readStatsPrinterConfig, statsPrinterSettings } from "@weir/stats-printer/config";
import { readWorkflowsConfig, workflowsSettings } from "@weir/workflows/config";

export const standaloneSettings = section("Without Docker (npm start)", {
  BROKER_KIND: choice({
    description:
      "The broker that npm start brings. auto: a mosquitto on the PATH, from 2.0 on, or else aedes, which has no MQTT 5 and loses sessions when it restarts.",
    default: "auto",
    of: ["auto", "mosquitto", "aedes"],
  }),
  LOG_FOLDER: text({
    description: "Folder of the logs that npm start writes, a file for each process.",
    default: "data/logs",
    allowed: "a path",
  }),
});

/** Numbers, because Compose takes them as such. */
const ONE_OR_NONE = { default: "1", of: ["1", "0"] } as const;

/** What the suite brings so that a new user sees something. */
export const demoSettings = section("Simulated parts", {
  DEMO_PUBLISHER: choice({
    description: "1: a publisher sends simulated readings to TOPIC. 0: the suite has none.",
    ...ONE_OR_NONE,
  }),
  DEMO_DEVICE: choice({
    description:
      "1: a device, kitchen, reports its state and takes commands. 0: the suite has none.",
    ...ONE_OR_NONE,
  }),
});

/** Every setting of the suite. */
export const allSettings = {
  ...demoSettings,
  ...standaloneSettings,
  ...publisherSettings,
  ...loggerSettings,
  ...statsSettings,
  ...statsPrinterSettings,
  ...deviceAgentSettings,
  ...dashboardSettings,
  ...workflowsSettings,
};

/** Variables that only the files of Compose read. */
export const COMPOSE_VARIABLES: readonly string[] = [
  "BACKUP_EVERY",
  "BACKUP_FOLDER",
  "BACKUP_KEEP",
  "DASHBOARD_PUBLISH",
  "MQTT_PUBLISH",
  "MQTTS_CERTIFICATE_PUBLISH",
  "MQTTS_PUBLISH",
  "SECRETS_FOLDER",
  "WEIR_IMAGE_TAG",
];

/**
 * Reads the configuration of every service.
 *
 * @param problems that were found before.
 * @returns the logger's.
 * @throws ConfigurationFault with these and every problem of the services, each once.
 */
export function readServices(
  environment: Environment,
  problems: Set<string> = new Set(),
): LoggerConfig {
  const others: readonly ((environment: Environment) => unknown)[] = [
    (settings) => readSettings(demoSettings, settings),
    readStatsConfig,
    readPublisherConfig,
    readStatsPrinterConfig,
    readAgentConfig,
    readDashboardConfig,
    readWorkflowsConfig,
  ];
  const logger = collectProblems(problems, () => readLoggerConfig(environment));
  for (const read of others) collectProblems(problems, () => read(environment));
  if (logger === null || problems.size > 0) throw new ConfigurationFault([...problems]);
  return logger;
}

/** The result of a reader; `null` where it throws problems, which are added to the others. */
export function collectProblems<T>(problems: Set<string>, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigurationFault)) throw error;
    for (const problem of error.problems) problems.add(problem);
    return null;
  }
}

/** Warnings about `.env` and the environment: names that are probably misspelled, and settings without effect. */
export function settingWarnings(environment: Environment, { streams }: LoggerConfig): string[] {
  const known = [...Object.keys(allSettings), ...COMPOSE_VARIABLES, ...streams.passwordVariables];
  const ofFiles = Object.entries(FILES).flatMap(([variable, file]) =>
    environment[variable]?.trim() || existsSync(file) ? [] : misnamed(file),
  );
  const { [FIXED_IN_COMPOSE]: fixed, ...others } = environment;
  if (fixed === undefined) return [...nameWarnings(environment, known), ...ofFiles];
  return [
    ...nameWarnings(others, known, { isEnvFile: true }),
    ...fixed
      .split(" ")
      .filter((name) => name !== "")
      .map(fixedWarning),
    ...ofFiles,
  ];
}

const FILES = { WEIR_FILE: "config/weir.yaml", AGENT_FILE: "config/agent.yaml" } as const;

/** Files that were probably meant to be one that is missing. */
function misnamed(file: string): string[] {
  const name = basename(file);
  const yml = name.replace(".yaml", ".yml");
  const similar = [join(dirname(file), yml), `${file}.txt`, name, yml];
  return similar
    .filter((one) => existsSync(one))
    .map((one) => `${one} is not read; rename it to ${file}`);
}

/** The variable in which docker-compose.yml hands on which of the settings that it fixes are set. */
const FIXED_IN_COMPOSE = "FIXED_IN_COMPOSE";

/** Whether the environment is that of the service weir of docker-compose.yml. */
export function isInCompose(environment: Environment): boolean {
  return environment[FIXED_IN_COMPOSE] !== undefined;
}

function fixedWarning(name: string): string {
  const remedy = COMPOSE_REMEDIES[name] ?? "docker-compose.yml sets it";
  return `${name} has no effect in Compose: ${remedy}`;
}

const ANOTHER_BROKER =
  "the suite has a broker of its own; npm start uses another one, or brokers in config/weir.yaml does";

const COMPOSE_REMEDIES: Readonly<Record<string, string>> = {
  BROKER: ANOTHER_BROKER,
  BROKER_URL: ANOTHER_BROKER,
  DASHBOARD_HOST: "DASHBOARD_PUBLISH says who reaches the pages",
  DB_FILE: "the store is in the volume store",
  WEIR_FILE: "the file is config/weir.yaml",
  AGENT_FILE: "the file is config/agent.yaml",
};
