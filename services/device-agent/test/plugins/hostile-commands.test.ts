import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { z } from "zod";
import { parsePayload } from "../../src/commands/command.ts";
import { Refusal } from "../../src/control/sandbox.ts";
import { commandOf, ECHO, startTrial } from "../command-life/fixture.ts";

const execute = promisify(execFile);
const moduleOf = (path: string): string =>
  JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

/** An error with this message, whatever its type. */
function withMessage(message: unknown): Error {
  return Object.defineProperty(new Error(), "message", { value: message });
}

const unreadable = Object.defineProperty(new Error(), "message", {
  get: () => {
    throw new Error("on purpose");
  },
});
const cycle: { self?: unknown } = {};
cycle.self = cycle;

describe("a command of the user's own ends neither the handler nor the command after it when it throws", () => {
  const THROWN: readonly (readonly [string, unknown])[] = [
    ["an object without a text", Object.create(null)],
    ["an object whose text fails", { toString: () => ({}) }],
    ["a symbol", Symbol("gate")],
    ["nothing", undefined],
    ["an error whose message is no text", withMessage(cycle)],
    ["an error whose message is missing", withMessage(undefined)],
    ["an error whose message cannot be read", unreadable],
  ];

  test.each(THROWN)("%s", async (_what, thrown) => {
    using folder = temporaryFolder();
    const hostile = commandOf("hostile", async () => {
      throw thrown;
    });
    await using trial = startTrial({ folder, commands: [hostile, ECHO] });
    trial.hand({ id: "a", name: "hostile" });
    trial.hand({ id: "b", name: "echo" });
    expect(await trial.ended("b")).toMatchObject({ status: "done" });
    const ack = await trial.ended("a");
    expect(ack).toMatchObject({ status: "failed", error: expect.any(String) });
    expect(trial.faults).toEqual([]);
  });

  test("a refusal without a reason", async () => {
    using folder = temporaryFolder();
    const hostile = commandOf("hostile", async () => {
      throw Object.defineProperty(new Refusal(), "message", { value: undefined });
    });
    await using trial = startTrial({ folder, commands: [hostile] });
    trial.hand({ id: "a", name: "hostile" });
    expect(await trial.ended("a")).toMatchObject({ status: "rejected" });
    expect(trial.faults).toEqual([]);
  });

  test("before there is a promise", async () => {
    using folder = temporaryFolder();
    const hostile = commandOf("hostile", () => {
      throw new Error("at once");
    });
    await using trial = startTrial({ folder, commands: [hostile] });
    trial.hand({ id: "a", name: "hostile" });
    expect(await trial.ended("a")).toMatchObject({ status: "failed", error: "at once" });
  });
});

describe("a command of the user's own is done, whatever it returns:", () => {
  const RETURNED: readonly (readonly [string, () => unknown])[] = [
    ["a cycle", () => cycle],
    [
      "a getter that fails",
      () => ({
        ...cycle,
        get self(): never {
          throw new Error("no");
        },
      }),
    ],
    [
      "a toJSON that fails",
      () => ({
        toJSON: () => {
          throw Object.create(null);
        },
      }),
    ],
    ["a large number", () => ({ watts: 1n })],
    ["more than an answer takes", () => "x".repeat(1_000_000)],
  ];

  test.each(RETURNED)("%s", async (_what, result) => {
    using folder = temporaryFolder();
    const odd = commandOf("odd", async () => result());
    await using trial = startTrial({ folder, commands: [odd] });
    trial.hand({ id: "a", name: "odd" });
    expect(await trial.ended("a")).toMatchObject({
      status: "done",
      result: { omitted: expect.any(String) },
    });
    expect(trial.faults).toEqual([]);
  });
});

describe("a schema of the user's own refuses the payload and ends nothing when it", () => {
  const reasonOf = (payload: z.ZodType): string => {
    const parsed = parsePayload({ ...ECHO, payload }, 1);
    if (parsed.kind === "valid") throw new Error("it is valid");
    return parsed.reason;
  };

  test("throws a value without a text", () => {
    const odd = z.unknown().refine(() => {
      throw Object.create(null);
    });
    expect(reasonOf(odd)).toMatch(/^payload: its check failed: /);
  });

  test.each(["invalid_union", "unrecognized_keys"])("reports a malformed issue: %s", (code) => {
    const odd = z.unknown().superRefine((value, context) => {
      // As a file of JavaScript may do it.
      context.issues.push({ code, input: value, message: "no" } as never);
    });
    expect(reasonOf(odd)).toMatch(/^payload: /);
  });
});

test("an asynchronous check that fails later refuses the payload, and the process goes on", async () => {
  const script = `
    import { z } from "zod";
    import { parsePayload } from ${moduleOf("commands/command.ts")};
    const later = async () => { await null; throw new Error("no such register"); };
    const checked = (schema) => schema.refine(later);
    for (const payload of [
      checked(z.any()),
      checked(checked(z.any())),
      z.any().transform(later),
      z.union([z.string(), checked(z.any())]),
      z.looseObject({ a: checked(z.any()), b: z.any().refine(() => { throw new Error("at once"); }) }),
      z.any().superRefine((_, context) => { context.addIssue("no"); return later(); }),
    ]) {
      console.log(parsePayload({ name: "own", payload }, { a: 1, b: 2 }).kind);
    }
    setImmediate(() => setImmediate(() => console.log("alive")));`;
  const { stdout } = await execute(process.execPath, ["--input-type=module", "--eval", script]);
  expect(stdout.trim().split("\n")).toEqual([...Array(6).fill("invalid"), "alive"]);
});
