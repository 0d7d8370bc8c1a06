import { writeFileSync } from "node:fs";
import type { Environment } from "@weir/runtime";
import { problemsIn, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { type AgentConfig, readAgentConfig } from "../../src/config/config.ts";
import type { ConfiguredSource } from "../../src/config/source-config.ts";

/** The configuration of an agent.yaml with this text. */
export function agentOf(
  text: string,
  environment: Environment = {},
  prepare: (folder: TemporaryFolder) => void = () => {},
): AgentConfig {
  using folder = temporaryFolder();
  prepare(folder);
  const file = folder.file("agent.yaml");
  writeFileSync(file, text);
  return readAgentConfig({ AGENT_FILE: file, ...environment });
}

/** The problems of one that is wrong, without the folder that it lies in. */
export function problemsOf(text: string, environment: Environment = {}): readonly string[] {
  return problemsIn(() => agentOf(text, environment));
}

/** One source of an agent.yaml that has it. */
export function sourceOf(text: string, name: string): ConfiguredSource {
  const source = agentOf(text).device.sources.find((one) => one.name === name);
  if (source === undefined) throw new Error(`there is no source ${name}`);
  return source;
}

/** The names of the sources that are active. */
export function activeIn({ device }: AgentConfig): string[] {
  return device.sources.filter(({ isActive }) => isActive).map(({ name }) => name);
}
