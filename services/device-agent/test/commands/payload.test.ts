import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import type { DeviceCommand } from "../../src/commands/command.ts";
import { parsePayload } from "../../src/commands/command.ts";
import { DEVICE_COMMANDS } from "../../src/commands/index.ts";
import { createTestDevice, give } from "./fixture.ts";

/** A command that takes what its schema takes. */
function taking(payload: z.ZodType): DeviceCommand {
  return { name: "own", summary: "For this test.", payload, run: async () => null };
}

function reasonOf(schema: z.ZodType, payload: unknown): string | null {
  const parsed = parsePayload(taking(schema), payload);
  return parsed.kind === "valid" ? null : parsed.reason;
}

const deep = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));

const HOSTILE: readonly (readonly [string, unknown])[] = [
  ["a text of 60 kB", "x".repeat(60_000)],
  ["60 kB in many texts", Array.from({ length: 600 }, () => "x".repeat(100))],
  ["60 kB of keys", { ["k".repeat(60_000)]: 1 }],
  ["30,000 values", Array.from({ length: 30_000 }, () => 0)],
  ["30,000 levels", deep(30_000)],
  ["a NUL in a text", "walk\0.out"],
  ["a NUL in a key", { "attribute\0": "walk" }],
  ["a NUL far below", { attribute: ["walk", { a: "\0" }] }],
  ["__proto__", JSON.parse('{"__proto__":{"attribute":"walk","none":true}}')],
  ["__proto__ far below", JSON.parse('{"attribute":{"a":[{"__proto__":{}}]}}')],
];

describe("whatever the schema, a payload is refused that has", () => {
  test.each(HOSTILE)("%s", (_what, payload) => {
    const reason = reasonOf(z.any(), payload);
    expect(reason).toMatch(/^payload: /);
    expect(reason?.length).toBeLessThan(200);
  });
});

describe("a hostile payload is refused, and nothing is done: for", () => {
  const MORE: readonly (readonly [string, unknown])[] = [
    ["a shell's words", "; rm -rf / #"],
    ["a substitution", "$(reboot)`reboot`"],
    ["a path", "../../etc/passwd"],
    ["a large number", 1e300],
    ["a negative number", -1],
    ["not a number, as text", "NaN"],
    ["constructor", { constructor: { prototype: { attribute: "walk" } } }],
    ["a list of everything", [null, true, {}, []]],
    ["text that looks right", "１２"],
  ];
  test.each(DEVICE_COMMANDS.map(({ name }) => name))("%s", async (name) => {
    const { device, calls } = createTestDevice({
      sandbox: { ...createTestDevice().device.sandbox, allocate: () => Promise.reject() },
    });
    const before = structuredClone(calls);
    for (const [what, payload] of [...HOSTILE, ...MORE]) {
      const result = await give(device, name, payload);
      expect({ what, result }).toEqual({ what, result: { rejected: expect.any(String) } });
    }
    expect(calls).toEqual(before);
    expect({}).not.toHaveProperty("attribute");
  });
});

describe("the rejection of a payload names what is wrong", () => {
  const point = z.strictObject({
    x: z.number().min(0).max(10),
    y: z.int().multipleOf(5).optional(),
    kind: z.enum(["a", "b"]).optional(),
    tags: z.array(z.string().max(3)).max(2).optional(),
  });

  test.each([
    [{ x: -1 }, "payload.x: -1 is not allowed; it must be at least 0"],
    [{ x: 11 }, "payload.x: 11 is not allowed; it must be at most 10"],
    [{ x: "1" }, 'payload.x: "1" is not allowed; it must be a number'],
    [{}, "payload.x: it is missing; it must be a number"],
    [{ x: 1, y: 1.5 }, /^payload\.y: 1\.5 is not allowed; it must be a whole number/],
    [{ x: 1, y: 3 }, "payload.y: 3 is not allowed; it must be a multiple of 5"],
    [{ x: 1, kind: "c" }, 'payload.kind: "c" is not allowed; it must be one of a, b'],
    [
      { x: 1, tags: ["abcd"] },
      'payload.tags.0: "abcd" is not allowed; it must have at most 3 characters',
    ],
    [
      { x: 1, tags: ["a", "b", "c"] },
      'payload.tags: ["a","b","c"] is not allowed; it must have at most 2 entries',
    ],
    [{ x: 1, z: 1 }, "payload.z: 1 is not allowed; there is no such key; did you mean x?"],
    ["x", 'payload: "x" is not allowed; it must be keys with values: {a: 1, b: 2}'],
  ])("%j", (payload, reason) => {
    expect(reasonOf(point, payload)).toMatch(typeof reason === "string" ? exactly(reason) : reason);
  });

  test("every problem, up to five", () => {
    expect(reasonOf(point, { x: -1, y: 3 })?.split("; also ")).toHaveLength(2);
    const many = reasonOf(
      z.array(z.string()),
      Array.from({ length: 50 }, () => 0),
    );
    expect(many?.split("; also ")).toHaveLength(5);
  });

  test("without control characters or long quotes from the sender", () => {
    const nasty = `1\n{"level":"fatal"}\u001b[2J${"x".repeat(500)}`;
    for (const given of [nasty, { [nasty]: 1 }]) {
      const inKey = z.record(z.string(), z.string());
      for (const schema of [z.number(), z.strictObject({}), inKey]) {
        const reason = reasonOf(schema, given) ?? "";
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
        expect(reason).not.toMatch(/[\u0000-\u001f]/);
        expect(reason.length).toBeLessThan(250);
      }
    }
  });

  test("also of a union, by the form that was meant", () => {
    const schema = z.union([z.number(), z.strictObject({ a: z.number() })]);
    expect(reasonOf(schema, { a: "1" })).toBe('payload.a: "1" is not allowed; it must be a number');
    expect(reasonOf(schema, "1")).toBe(
      'payload: "1" is not allowed; it must be a number; also payload: "1" is not allowed; it must be keys with values: {a: 1, b: 2}',
    );
  });
});

describe("a schema of a plugin that", () => {
  test("throws refuses the payload", () => {
    const throws = z.any().transform(() => {
      throw new Error("on purpose");
    });
    expect(reasonOf(throws, 1)).toBe("payload: its check failed: on purpose");
  });

  test("is asynchronous refuses the payload", () => {
    const waits = z.any().refine(async () => true);
    expect(reasonOf(waits, 1)).toMatch(/^payload: its check failed: .*Promise/);
  });

  test("transforms the payload hands on its result", () => {
    const parsed = parsePayload(taking(z.string().transform(Number)), "5");
    expect(parsed).toEqual({ kind: "valid", payload: 5 });
  });
});

const exactly = (text: string): RegExp => new RegExp(`^${RegExp.escape(text)}$`);
