import { type JsonSchema, jsonSchemaOf } from "@weir/runtime";
import type { SourceKind } from "../sources/source.ts";
import { agentFile, sourceEntry } from "./agent-file.ts";

/** JSON Schema of agent.yaml, for editors: it knows the options of these kinds, and lets others have any. */
export function agentFileJsonSchema(kinds: readonly SourceKind[]): JsonSchema {
  const whole = jsonSchemaOf(agentFile);
  const { sources, ...others } = whole.properties ?? {};
  const entries = [...kinds.map(entryOf), entryOfOthers(kinds)];
  return {
    title: "agent.yaml",
    ...whole,
    properties: { ...others, sources: { ...sources, additionalProperties: { anyOf: entries } } },
  };
}

function entryOf({ name, summary, options }: SourceKind): JsonSchema {
  const { properties, additionalProperties, required } = withoutDialect(jsonSchemaOf(options));
  const common = commonShape();
  return {
    type: "object",
    description: summary,
    properties: {
      ...common.properties,
      source: { ...common.properties?.source, const: name },
      ...properties,
    },
    required: ["source", ...(Array.isArray(required) ? required : [])],
    additionalProperties: additionalProperties ?? false,
  };
}

function entryOfOthers(kinds: readonly SourceKind[]): JsonSchema {
  const common = commonShape();
  const names = kinds.map(({ name }) => name.replaceAll(".", "\\.")).join("|");
  return {
    ...common,
    description: "A kind of your own, from sourceFolder.",
    properties: {
      ...common.properties,
      source: { ...common.properties?.source, pattern: `^(?!(${names})$)[A-Za-z0-9._-]+$` },
    },
  };
}

function commonShape(): JsonSchema {
  return withoutDialect(jsonSchemaOf(sourceEntry));
}

/** Only the whole schema says which dialect it is of. */
function withoutDialect({ $schema: _, ...shape }: JsonSchema): JsonSchema {
  return shape;
}
