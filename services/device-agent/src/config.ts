import { dirname, resolve } from "node:path";
import {
  type BrokerConfig,
  brokerConfig,
  type Environment,
  type ProcessConfig,
  processConfig,
  readSettings,
  readTogether,
} from "@weir/config";
import type { KindSettings } from "@weir/delivery";
import type { DeviceAddress } from "@weir/messages";
import { faultWithoutFile } from "@weir/settings-file";
import type { DeviceCommand } from "./commands/command.ts";
import { DEVICE_COMMANDS } from "./commands/index.ts";
import { loadCommands } from "./commands/load.ts";
import { detailsOf } from "./config/details.ts";
import { deviceConfig } from "./config/device-config.ts";
import { agentFileJsonSchema } from "./config/json-schema.ts";
import { readAgentFile } from "./config/read-agent-file.ts";
import { deviceAgentSettings } from "./config/settings.ts";
import type { DeadbandRule } from "./report/deadband.ts";
import type { SandboxOptions } from "./sandbox/sandbox.ts";
import { SOURCE_KINDS } from "./sources/index.ts";
import { loadSourceKinds } from "./sources/load.ts";
import type { SourceKind } from "./sources/source.ts";

export { deviceAgentOptions, deviceAgentSettings } from "./config/settings.ts";

/** A source, as it is configured. */
export interface ConfiguredSource {
  name: string;
  kind: SourceKind;
  /** What `kind.options` made of the configuration. */
  options: unknown;
  isActive: boolean;
  /** `null` follows the device's interval. */
  everyMs: number | null;
  delivery: KindSettings;
  rule: DeadbandRule;
}

/** A device, as it is configured. */
export interface DeviceConfig {
  address: DeviceAddress;
  /** Between two reports, and what `change_send_interval` may set at least, in milliseconds. */
  intervalMs: number;
  intervalMinMs: number;
  sources: readonly ConfiguredSource[];
  /** What the device obeys, by name. */
  commands: ReadonlyMap<string, DeviceCommand>;
  sandbox: SandboxOptions;
  /** `null` tells Home Assistant nothing. */
  homeAssistant: { prefix: string } | null;
  /** For random sources; `null` for cryptographic randomness. */
  seed: number | null;
  /** The folder that relative paths start from: that of agent.yaml. */
  base: string;
  /** How long the broker keeps commands for a device that is away, in seconds. */
  sessionExpirySeconds: number;
  /** What ends the stay of an alarm in the outbox. */
  confirm: "receipt" | "puback";
}

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
  const [values, read] = readTogether(
    () => readSettings(deviceAgentSettings, environment),
    () => readAgentFile(file, environment),
  );
  const content = read?.content ?? {};
  const base = resolve(dirname(file));
  const { device, problems } = deviceConfig(content, {
    values,
    base,
    kinds: [...SOURCE_KINDS, ...loaded(loadSourceKinds, base, content.sourceFolder)],
    commands: [...DEVICE_COMMANDS, ...loaded(loadCommands, base, content.commands?.folder)],
  });
  if (problems.length > 0) throw read?.faultOf(problems) ?? faultWithoutFile(problems);
  return {
    process: processConfig(values, values.DEVICE_AGENT_HTTP_PORT),
    broker: brokerConfig(values),
    device,
    folder: values.DEVICE_FOLDER,
  };
}

function loaded<T>(
  load: (folder: string) => T[],
  base: string,
  folder: string | undefined,
): readonly T[] {
  return folder === undefined ? [] : load(resolve(base, folder));
}
