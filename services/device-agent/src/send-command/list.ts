import { visible } from "@weir/fault";

/** What `describe` told of a device's commands, for people; `null` when there is no list in it. */
export function describeCommands(result: unknown): string | null {
  const commands = typeof result === "object" && result !== null && "commands" in result;
  if (!commands || !Array.isArray(result.commands)) return null;
  return result.commands.map(describeCommand).join("\n");
}

/** It comes from a device, which may be of another version: what is missing is left out. */
function describeCommand(command: unknown): string {
  if (typeof command === "string") return visible(command);
  if (typeof command !== "object" || command === null) return JSON.stringify(command);
  const { name, summary, payload } = command as Record<string, unknown>;
  const told = payload === undefined ? "" : `\n    payload: ${visible(wordsFor(payload))}`;
  return `${visible(String(name))}\n    ${visible(String(summary ?? ""))}${told}`;
}

/** A schema that describes itself says more in its words; --json has all of it. */
function wordsFor(schema: unknown): string {
  if (typeof schema !== "object" || schema === null) return JSON.stringify(schema);
  const { $schema: _, description, ...rest } = schema as Record<string, unknown>;
  if (typeof description === "string") return description;
  const parts = Array.isArray(rest.anyOf) ? rest.anyOf : [];
  const described = parts.flatMap((part) => (hasDescription(part) ? [part.description] : []));
  return described.length > 0 ? described.join(" Or: ") : JSON.stringify(rest);
}

function hasDescription(part: unknown): part is { description: string } {
  return (
    typeof part === "object" &&
    part !== null &&
    "description" in part &&
    typeof part.description === "string"
  );
}
