import { describe, expect, test } from "@jest/globals";
import { RESULT_BYTES_MAX } from "../../src/commands/command.ts";
import type { CommandDescription, SourceDescription } from "../../src/control/control.ts";
import { createTestDevice, give } from "./fixture.ts";

const bytesOf = (result: unknown): number => Buffer.byteLength(JSON.stringify(result));

function sourcesOf(count: number, attributes: number): SourceDescription[] {
  const [source] = createTestDevice().device.sources();
  const [attribute] = source?.attributes ?? [];
  if (source === undefined || attribute === undefined) throw new Error("it has one");
  const named = (index: number) => ({ ...attribute, name: `${"a".repeat(50)}${index}` });
  return Array.from({ length: count }, (_, index) => ({
    ...source,
    name: `${"s".repeat(50)}${index}`,
    attributes: Array.from({ length: attributes }, (_, place) => named(place)),
  }));
}

function commandsOf(count: number, schemaBytes: number): CommandDescription[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `${"c".repeat(50)}${index}`,
    summary: "Does.",
    payload: { description: "ü".repeat(schemaBytes / 2) },
  }));
}

describe("describe", () => {
  test("describes everything of a device", async () => {
    const { device } = createTestDevice();
    expect(await give(device, "describe")).toEqual({
      id: "kitchen",
      intervalSeconds: 10,
      intervalMinSeconds: 1,
      sandbox: { files: 2, bytes: 30, quotaBytes: 100 },
      sources: device.sources(),
      commands: device.commands(),
    });
  });

  test.each([
    ["many attributes", sourcesOf(10, 14), commandsOf(1, 10), "attributes", true],
    ["long schemas", sourcesOf(2, 2), commandsOf(10, 4_000), "attributes, payloads", true],
    ["many sources", sourcesOf(90, 5), commandsOf(5, 10), /^everything but names/, false],
    ["far too much", sourcesOf(500, 1), commandsOf(108, 10), /^the first 50 names of 500/, false],
  ])("of %s is shorter, fits, and says so", async (_what, sources, commands, left, whole) => {
    const { device } = createTestDevice({ sources: () => sources, commands: () => commands });
    const result = await give(device, "describe");
    expect(result).toMatchObject({
      id: "kitchen",
      shortened: typeof left === "string" ? left : expect.stringMatching(left),
    });
    expect(bytesOf(result)).toBeLessThanOrEqual(RESULT_BYTES_MAX);
    if (whole) expect(result).toMatchObject({ sources: { length: sources.length } });
  });

  test("describes all of one command or source", async () => {
    const sources = sourcesOf(500, 1);
    const { device } = createTestDevice({ sources: () => sources });
    const name = sources[77]?.name;
    expect(await give(device, "describe", name)).toEqual({ source: sources[77] });
    const [command] = device.commands();
    expect(await give(device, "describe", "add_1gb_file")).toEqual({ command });
  });

  test("of an unknown name is rejected", async () => {
    const { device } = createTestDevice();
    const reason = 'payload: "../x" is neither a command nor a source of this device';
    expect(await give(device, "describe", "../x")).toEqual({ rejected: reason });
  });
});
