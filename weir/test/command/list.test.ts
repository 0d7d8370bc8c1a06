import { describe, expect, test } from "@jest/globals";
import { DEVICE_COMMANDS } from "@weir/device-agent/commands";
import { z } from "zod";
import { describeCommands } from "../../src/command.ts";

const listOf = (payload: z.ZodType): string | null =>
  describeCommands({
    commands: [
      { name: "act", summary: "Acts.", payload: z.toJSONSchema(payload, { io: "input" }) },
    ],
  });

describe("a list of commands", () => {
  test("says in words what a payload is, where its schema has words", () => {
    expect(listOf(z.number().describe("Seconds."))).toBe("act\n    Acts.\n    payload: Seconds.");
    const forms = z.union([z.number().describe("Seconds."), z.string().describe("A name.")]);
    expect(listOf(forms)).toContain("payload: Seconds. Or: A name.");
  });

  test("shows the schema where it has none", () => {
    expect(listOf(z.number())).toContain('payload: {"type":"number"}');
  });

  test("has words for each command of Weir's own", () => {
    for (const { payload } of DEVICE_COMMANDS) expect(listOf(payload)).not.toContain("payload: {");
  });

  test("is empty where a device describes something else", () => {
    expect(describeCommands("nothing")).toBeNull();
    expect(describeCommands({ commands: 5 })).toBeNull();
  });
});
