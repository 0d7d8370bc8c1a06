interface Setting {
  name: string;
  description: string;
  isRequired: boolean;
  /** The default as it is written in a file; `null`: there is none. */
  fallback: string | null;
}

/** What can be set at a node, from the JSON Schema of its configuration. Settings of all its forms, each once. */
export function settingsOf(schema: Readonly<Record<string, unknown>>): Setting[] {
  const forms = [schema, ...listOf(schema.anyOf), ...listOf(schema.oneOf)];
  const found = new Map<string, Setting>();
  for (const { properties, required } of forms) {
    const needed = Array.isArray(required) ? required : [];
    for (const [name, given] of Object.entries(isObject(properties) ? properties : {})) {
      if (found.has(name) || !isObject(given)) continue;
      const { description, default: fallback } = given;
      found.set(name, {
        name,
        description: typeof description === "string" ? description : "",
        isRequired: needed.includes(name) && fallback === undefined,
        fallback: fallback === undefined ? null : written(fallback),
      });
    }
  }
  return [...found.values()];
}

function listOf(given: unknown): Record<string, unknown>[] {
  return Array.isArray(given) ? given.filter(isObject) : [];
}

function isObject(given: unknown): given is Record<string, unknown> {
  return typeof given === "object" && given !== null;
}

function written(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : JSON.stringify(value);
}
