import type { DeviceCommand } from "../commands/command.ts";
import type { SourceKind } from "../sources/source.ts";

/** What `--help` tells of the kinds of sources and of the commands that there are. */
export function detailsOf(
  kinds: readonly SourceKind[],
  commands: readonly DeviceCommand[],
): string {
  return [
    `Kinds of sources (--source names one, or a source of agent.yaml; several with commas):\n${listOf(kinds)}`,
    `Commands that the device obeys:\n${listOf(commands)}`,
    "config/agent.example.yaml shows all that agent.yaml can say.",
  ].join("\n\n");
}

function listOf(described: readonly { name: string; summary: string }[]): string {
  const width = Math.max(...described.map(({ name }) => name.length));
  return described.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join("\n");
}
