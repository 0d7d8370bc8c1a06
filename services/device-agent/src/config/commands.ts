import { didYouMean, type Problem } from "@weir/settings-file";
import type { DeviceCommand } from "../commands/command.ts";

/**
 * What a device obeys.
 *
 * @param allow names of commands; `undefined` allows all.
 */
export function allowedCommands(
  commands: readonly DeviceCommand[],
  allow: readonly string[] | undefined,
): { commands: ReadonlyMap<string, DeviceCommand>; problems: Problem[] } {
  const known = new Map(commands.map((command) => [command.name, command]));
  if (allow === undefined) return { commands: known, problems: [] };
  const problems = [...allow.entries()]
    .filter(([, name]) => !known.has(name))
    .map(([index, name]) => ({
      path: ["commands", "allow", String(index)],
      words: wordsForUnknown(name, [...known.keys()]),
      of: [
        ["commands", "allow", String(index)],
        ["commands", "folder"],
      ],
    }));
  const allowed = [...known].filter(([name]) => allow.includes(name));
  return { commands: new Map(allowed), problems };
}

function wordsForUnknown(name: string, names: readonly string[]): string {
  return `there is no such command${didYouMean(name, names)} (there are ${names.join(", ")})`;
}
