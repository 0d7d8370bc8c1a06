/** What `describe` told of a device's commands, for people; `null` when there is no list in it. */
export function describeCommands(result: unknown): string | null {
  const commands = typeof result === "object" && result !== null && "commands" in result;
  if (!commands || !Array.isArray(result.commands)) return null;
  return result.commands.map(describeCommand).join("\n");
}

/** It comes from a device, which may be of another version: what is missing is left out. */
function describeCommand(command: unknown): string {
  if (typeof command === "string") return command;
  if (typeof command !== "object" || command === null) return JSON.stringify(command);
  const { name, summary, payload } = command as Record<string, unknown>;
  const schema =
    payload === undefined ? "" : `\n    payload: ${JSON.stringify(withoutDialect(payload))}`;
  return `${String(name)}\n    ${String(summary ?? "")}${schema}`;
}

/** Each schema names the dialect of JSON Schema, which says nothing here. */
function withoutDialect(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null) return schema;
  const { $schema: _, ...rest } = schema as Record<string, unknown>;
  return rest;
}
