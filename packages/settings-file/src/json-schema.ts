import { z } from "zod";

/** JSON Schema; named are the words of it that are read. */
export interface Shape {
  properties?: Record<string, Shape>;
  additionalProperties?: Shape | boolean;
  anyOf?: Shape[];
  [word: string]: unknown;
}

/** JSON Schema of a file as it is written, for editors. */
export function fileJsonSchema(title: string, schema: z.ZodType): Shape {
  return { title, ...shapeOf(schema) };
}

/** A schema as JSON Schema; what that has no word for is left open. */
export function shapeOf(schema: z.ZodType): Shape {
  // A file of the user's own may have a zod of its own, which cannot be looked into.
  if (!("_zod" in schema)) return {};
  // The draft that editors know best.
  const written = z.toJSONSchema(schema, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
  });
  // It is made of JSON Schema's own words; the few that are read here are optional.
  return written as Shape;
}

/** The keys that may stand at a path. */
export function keysAt(whole: Shape, path: readonly string[]): string[] {
  const at = path.reduce<Shape>((shape, key) => {
    const { properties, additionalProperties: others } = withKeys(shape);
    return properties?.[key] ?? (typeof others === "object" ? others : {});
  }, whole);
  return Object.keys(withKeys(at).properties ?? {});
}

/** Of several forms that which has keys. */
function withKeys(shape: Shape): Shape {
  return shape.anyOf?.find((one) => one.properties) ?? shape;
}
