const CHARACTERS_MAX = 80;

/** What stands at a path, for a message about it: a space and JSON, or nothing where that says little. */
export function shownValue(content: unknown, path: readonly string[]): string {
  if (path.length === 0) return "";
  const value = valueAt(content, path);
  if (value === undefined || value === null || typeof value === "object") return "";
  const text = JSON.stringify(value);
  // Whoever writes a password into the file by mistake must not find it in the log as well.
  const isSecret = path.at(-1)?.toLowerCase().includes("password") || /:\/\/.*@/.test(text);
  if (isSecret) return "";
  return text.length > CHARACTERS_MAX ? ` ${text.slice(0, CHARACTERS_MAX)}…` : ` ${text}`;
}

function valueAt(content: unknown, path: readonly string[]): unknown {
  let value = content;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    // Only own keys of what YAML gave us are followed.
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
