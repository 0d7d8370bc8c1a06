import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { workflowsJsonSchema } from "@weir/flows";
import { parse } from "yaml";
import { z } from "zod";

const SCHEMA = "config/workflows.schema.json";
const EXAMPLES = "config/examples/workflows";

// Editors read patterns with Unicode's classes of characters, zod without.
const text = readFileSync(SCHEMA, "utf8").replaceAll("\\\\p{L}\\\\p{N}", "A-Za-z0-9");
const schema = z.fromJSONSchema(JSON.parse(text));
const examples = readdirSync(EXAMPLES).filter((file) => file.endsWith(".yaml"));

test(`${SCHEMA} is what the code accepts (weir workflows schema prints it)`, () => {
  const written = JSON.parse(readFileSync(SCHEMA, "utf8"));
  expect(written).toEqual(JSON.parse(JSON.stringify(workflowsJsonSchema())));
});

test.each(examples)("%s is of this form", (file) => {
  const { error } = schema.safeParse(parse(readFileSync(join(EXAMPLES, file), "utf8")));
  expect(error?.issues).toBeUndefined();
});

test.each([
  ["a type that there is not", { type: "treshold" }],
  ["a key of another type", { type: "debug", above: 5 }],
  ["a value of another kind", { type: "threshold", above: "5" }],
  ["no type", { above: 5 }],
])("a node with %s is not", (_, node) => {
  expect(schema.safeParse({ flows: { one: { nodes: { a: { type: "debug" } } } } }).success).toBe(
    true,
  );
  expect(schema.safeParse({ flows: { one: { nodes: { a: node } } } }).success).toBe(false);
});
