import { z } from "zod";

/** JSON Schema, as far as it is read here; other keywords pass through. */
export interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  anyOf?: JsonSchema[];
  [keyword: string]: unknown;
}

/** The JSON Schema of what a zod schema takes. What has no keyword there is left open. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  // A plugin may bring another zod, whose schemas cannot be read.
  if (!("_zod" in schema)) return {};
  // Editors support this draft best.
  const options = { io: "input", target: "draft-7", unrepresentable: "any" } as const;
  // The type of zod's result has no index signature; its keys are JSON Schema's.
  return z.toJSONSchema(schema, options) as JsonSchema;
}

/** The keys that may stand at a path. */
export function keysAt(schema: JsonSchema, path: readonly string[]): string[] {
  const at = path.reduce((shape, key) => {
    const { properties, additionalProperties: others } = withKeys(shape);
    return properties?.[key] ?? (typeof others === "object" ? others : {});
  }, schema);
  return Object.keys(withKeys(at).properties ?? {});
}

/** Of several forms the one that has keys. */
function withKeys(schema: JsonSchema): JsonSchema {
  return schema.anyOf?.find(({ properties }) => properties) ?? schema;
}
