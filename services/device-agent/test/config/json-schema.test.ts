import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { agentJsonSchema } from "../../src/config/agent-file.ts";

describe("an editor", () => {
  const schema = z.fromJSONSchema(agentJsonSchema() as z.core.JSONSchema.JSONSchema);
  const accepts = (content: object): boolean => schema.safeParse(content).success;
  const acceptsSource = (source: object): boolean => accepts({ sources: { a: source } });

  test("accepts each kind with its options, and with what every source has", () => {
    expect(acceptsSource({ source: "random_walk", min: 1, max: 2, active: false })).toBe(true);
    expect(acceptsSource({ source: "command", program: "date", every: "1s" })).toBe(true);
    expect(accepts({ interval: "10s", homeAssistant: false })).toBe(true);
  });

  test("marks what is misspelt, missing or wrong", () => {
    expect(acceptsSource({ source: "random_walk", maxx: 2 })).toBe(false);
    expect(acceptsSource({ source: "random_walk", max: "2" })).toBe(false);
    expect(acceptsSource({ source: "command" })).toBe(false);
    expect(acceptsSource({ min: 1 })).toBe(false);
    expect(accepts({ intervall: "10s" })).toBe(false);
  });

  test("accepts any options of other kinds: they may be the user's own", () => {
    expect(acceptsSource({ source: "ds18b20", id: "28-0316a2795cff" })).toBe(true);
    expect(acceptsSource({ source: "ds18b20", deadband: { absolut: 1 } })).toBe(false);
  });
});
