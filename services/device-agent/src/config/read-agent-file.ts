import { ConfigurationFault, type Environment } from "@weir/config";
import { readSettingsFile, type SettingsFile } from "@weir/settings-file";
import { type AgentFile, agentFileFormat } from "./agent-file.ts";

/**
 * Nobody misses the usual file; one that was asked for is missed.
 *
 * @throws ConfigurationFault when it cannot be read, or is no YAML.
 */
export function readAgentFile(
  file: string,
  environment: Environment,
): SettingsFile<AgentFile> | null {
  const read = readSettingsFile(file, agentFileFormat);
  if (read === null && environment.AGENT_FILE?.trim()) {
    throw new ConfigurationFault([
      `AGENT_FILE: ${file} is not there; make it, or unset AGENT_FILE`,
    ]);
  }
  return read;
}
