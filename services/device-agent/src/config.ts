import { dirname, resolve } from "node:path";
import {
  type BrokerConfig,
  brokerConfig,
  type Environment,
  type ProcessConfig,
  processConfig,
  readSettings,
} from "@weir/config";
import { readBeside, type SettingsFile, throwProblems } from "@weir/settings-file";
import { DEVICE_COMMANDS } from "./commands/index.ts";
import type { AgentFile } from "./config/agent-file.ts";
import type { DeviceConfig } from "./config/configured-device.ts";
import { detailsOf } from "./config/details.ts";
import { type DeviceContext, deviceConfig } from "./config/device-config.ts";
import { agentFileJsonSchema } from "./config/json-schema.ts";
import { readAgentFile } from "./config/read-agent-file.ts";
import { deviceAgentSettings } from "./config/settings.ts";
import { loadCommands } from "./own-modules/load-commands.ts";
import { loadSourceKinds } from "./own-modules/load-sources.ts";
import { SOURCE_KINDS } from "./sources/index.ts";

export { deviceAgentOptions, deviceAgentSettings } from "./config/settings.ts";

export interface AgentConfig {
  process: ProcessConfig;
  broker: BrokerConfig;
  device: DeviceConfig;
  /** Where journal, outbox and memory are. */
  folder: string;
}

/** What `--help` tells after the settings. */
export const deviceAgentDetails: string = detailsOf(SOURCE_KINDS, DEVICE_COMMANDS);

/** JSON Schema of agent.yaml with the kinds of sources that Weir brings, for editors. */
export function agentJsonSchema(): object {
  return agentFileJsonSchema(SOURCE_KINDS);
}

/**
 * A device: the environment over agent.yaml over the defaults.
 *
 * @throws ConfigurationFault with every problem: file, line, path, value and remedy.
 * @throws Fault when a file of an own kind of source or an own command cannot be used.
 */
export function readAgentConfig(environment: Environment): AgentConfig {
  const { AGENT_FILE } = deviceAgentSettings;
  const { AGENT_FILE: file } = readSettings({ AGENT_FILE }, environment);
  const [values, read] = readBeside(
    () => readSettings(deviceAgentSettings, environment),
    () => readAgentFile(file, environment),
  );
  const content = read?.content ?? {};
  const base = resolve(dirname(file));
  const { device, problems } = deviceConfig(content, {
    values,
    base,
    whereIs: (path) => read?.whereIs(path) ?? path.join("."),
    ...ownModules(read, base),
  });
  throwProblems(read, problems);
  return {
    process: processConfig(values, values.DEVICE_AGENT_HTTP_PORT),
    broker: brokerConfig(values),
    device,
    folder: values.DEVICE_FOLDER,
  };
}

/** What Weir brings, and what is in the user's own folders. */
function ownModules(
  read: SettingsFile<AgentFile> | null,
  base: string,
): Pick<DeviceContext, "kinds" | "commands"> {
  const { sourceFolder, commands } = read?.content ?? {};
  try {
    return {
      kinds: [...SOURCE_KINDS, ...loaded(loadSourceKinds, base, sourceFolder)],
      commands: [...DEVICE_COMMANDS, ...loaded(loadCommands, base, commands?.folder)],
    };
  } catch (error) {
    // Without them it cannot be told what agent.yaml means; what is wrong with its form comes first.
    throwProblems(read, []);
    throw error;
  }
}

function loaded<T>(
  load: (folder: string) => T[],
  base: string,
  folder: string | undefined,
): readonly T[] {
  return folder === undefined ? [] : load(resolve(base, folder));
}
