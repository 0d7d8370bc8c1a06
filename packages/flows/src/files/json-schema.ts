import { type JsonSchema, jsonSchemaOf } from "@weir/runtime";
import type { NodeType } from "../node/node.ts";
import { NODES } from "../nodes/index.ts";
import { workflowFileSchema } from "./workflow-file.ts";

/** The JSON Schema of a workflow file, for editors: each type of node has its own keys. */
export function workflowsJsonSchema(): JsonSchema {
  const schema = { title: "workflows", ...jsonSchemaOf(workflowFileSchema) };
  const nodes = ["flows", "*", "nodes"].reduce<JsonSchema | undefined>(below, schema);
  if (nodes === undefined) throw new Error("the schema of workflow files has no nodes");
  nodes.additionalProperties = { anyOf: Array.from(NODES.values(), nodeSchema) };
  return schema;
}

/** @param key `*` for any. */
function below(schema: JsonSchema | undefined, key: string): JsonSchema | undefined {
  const others = schema?.additionalProperties;
  if (key !== "*") return schema?.properties?.[key];
  return typeof others === "object" ? others : undefined;
}

function nodeSchema({ type, summary, config }: NodeType): JsonSchema {
  const { $schema, properties, required, ...rest } = jsonSchemaOf(config);
  return {
    ...rest,
    description: summary,
    properties: { type: { type: "string", const: type }, ...properties },
    required: ["type", ...(Array.isArray(required) ? required : [])],
  };
}
