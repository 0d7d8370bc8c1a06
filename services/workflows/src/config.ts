import { dirname, join } from "node:path";
import {
  brokerConfig,
  brokerSettings,
  CheckedSettings,
  type Environment,
  optionalText,
  processConfig,
  processSettings,
  section,
  storeSettings,
  text,
  toolSettings,
  topicSettings,
  topicsDifferRule,
  workflowsAddressSettings,
  workflowsTokenFile,
} from "@weir/runtime";
import { indexFileOf } from "@weir/series";
import { prefixesOf, streamSettings, streamsOf } from "@weir/streams";
import { secretSettings } from "./actions/secret-files.ts";
import { smtpConfig, smtpRules, smtpSettings } from "./actions/smtp-settings.ts";

export const workflowsSettings = {
  ...brokerSettings,
  ...toolSettings,
  ...topicSettings,
  ...storeSettings,
  ...streamSettings,
  ...section("Workflows", {
    WORKFLOWS_FOLDER: text({
      description: "Folder of the workflow files; the pages save there, too.",
      default: "config/workflows",
      allowed: "a path",
    }),
    WORKFLOWS_FILE: optionalText({
      description:
        "SQLite file of runs, alerts and actions. Without it: workflows.db beside DB_FILE.",
      allowed: "a path",
    }),
  }),
  ...workflowsAddressSettings,
  ...secretSettings,
  ...smtpSettings,
  ...processSettings,
};

export type WorkflowsConfig = ReturnType<typeof readWorkflowsConfig>;

/** @throws ConfigurationFault naming every problem, those of weir.yaml included. */
export function readWorkflowsConfig(environment: Environment) {
  const settings = new CheckedSettings(workflowsSettings, environment, [
    topicsDifferRule,
    ...smtpRules,
  ]);
  const streams = streamsOf(settings);
  const values = settings.values();
  return {
    process: processConfig(values, values.WORKFLOWS_HTTP_PORT),
    broker: brokerConfig(values),
    folder: values.WORKFLOWS_FOLDER,
    file: values.WORKFLOWS_FILE ?? join(dirname(values.DB_FILE), "workflows.db"),
    tokenFile: workflowsTokenFile(values),
    secretsFolder: values.WORKFLOWS_SECRETS_FOLDER,
    smtp: smtpConfig(values),
    storeFile: values.DB_FILE,
    indexFile: indexFileOf(values.DB_FILE),
    /** What is logged, and by which brokers. */
    streams,
    /** How far ahead of reception an observation may lie before its time is replaced. */
    skewUs: values.LOGGER_CLOCK_SKEW_SECONDS * 1_000_000,
    devicePrefixes: prefixesOf(values.DEVICE_TOPIC_PREFIXES),
  };
}
