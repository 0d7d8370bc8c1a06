import { dirname, join } from "node:path";
import type { SuitePlaces } from "@weir/backup";
import { CheckedSettings, type Environment, readSettings } from "@weir/runtime";
import { allSettings } from "@weir/standalone/settings";
import { storedSettings, storedStreamsOf } from "@weir/streams";

const {
  DB_FILE,
  PUBLISHER_OUTBOX_FILE,
  DEVICE_FOLDER,
  DASHBOARD_FILE,
  WORKFLOWS_FILE,
  WEIR_FILE,
  AGENT_FILE,
  WORKFLOWS_FOLDER,
  WORKFLOWS_SECRETS_FOLDER,
} = allSettings;
const placeSettings = {
  DB_FILE,
  PUBLISHER_OUTBOX_FILE,
  DEVICE_FOLDER,
  DASHBOARD_FILE,
  WORKFLOWS_FILE,
  WEIR_FILE,
  AGENT_FILE,
  WORKFLOWS_FOLDER,
  WORKFLOWS_SECRETS_FOLDER,
};

/**
 * Where the suite of these settings keeps its files.
 *
 * @throws ConfigurationFault for settings that are wrong, and for a weir.yaml whose form is wrong.
 */
export function readPlaces(environment: Environment): SuitePlaces {
  const { streams } = storedStreamsOf(new CheckedSettings(storedSettings, environment));
  return { ...readPlacesOfSettings(environment), streams };
}

/** The same without weir.yaml, which may be missing: the streams are not known. */
export function readPlacesOfSettings(environment: Environment): SuitePlaces {
  const values = readSettings(placeSettings, environment);
  const beside = (name: string): string => join(dirname(values.DB_FILE), name);
  const config = dirname(values.WEIR_FILE);
  const agent = dirname(values.AGENT_FILE);
  return {
    storeFile: values.DB_FILE,
    outboxFile: values.PUBLISHER_OUTBOX_FILE,
    deviceFolder: values.DEVICE_FOLDER,
    dashboardFile: values.DASHBOARD_FILE ?? beside("dashboard.db"),
    workflowsFile: values.WORKFLOWS_FILE ?? beside("workflows.db"),
    streams: [],
    configFolders: { config, agent, flows: values.WORKFLOWS_FOLDER },
    secretFolders: [values.WORKFLOWS_SECRETS_FOLDER],
  };
}
