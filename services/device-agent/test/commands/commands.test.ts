import { describe, expect, test } from "@jest/globals";
import type { Outcome } from "@weir/delivery";
import { z } from "zod";
import { DEVICE_COMMANDS } from "../../src/commands/index.ts";
import { commandOf, createTestDevice, give, rejected } from "./fixture.ts";

test("a device executes these commands, each of which can be described", () => {
  expect(DEVICE_COMMANDS.map(({ name }) => name)).toEqual([
    "add_1gb_file",
    "rm_1gb_file",
    "change_send_interval",
    "set_source",
    "set_deadband",
    "report_now",
    "describe",
    "restart",
  ]);
  for (const { payload, summary } of DEVICE_COMMANDS) {
    expect(z.toJSONSchema(payload, { io: "input" })).toMatchObject({ $schema: expect.any(String) });
    expect(summary).toMatch(/\.$/);
  }
});

describe("add_1gb_file", () => {
  test.each([
    [null, 1_000_000_000],
    ["", 1_000_000_000],
    [1, 1],
    ["250MB", 250_000_000],
    [" 1.5 GiB ", 1_610_612_736],
    ["1000000", 1_000_000],
  ])("with %j makes a file of %d bytes", async (payload, bytes) => {
    const { device } = createTestDevice();
    expect(await give(device, "add_1gb_file", payload)).toEqual({ name: "weir-0.out", bytes });
  });

  test.each([0, -5, 1.5, 1e300, "a lot", "-1GB", "0x10", "1e9", "1 GB; rm -rf /", [], {}, true])(
    "with %j makes none, and says which payloads are valid",
    async (payload) => {
      const { device } = createTestDevice();
      const shown =
        payload === 1e300 ? "1e\\+300" : JSON.stringify(payload).replace(/[[\]{}]/g, ".");
      const reason = new RegExp(
        `^payload: ${shown} is not allowed; it must be left out, or a size`,
      );
      expect(await give(device, "add_1gb_file", payload)).toEqual(rejected(reason));
    },
  );

  test("has ten minutes, and can be aborted", async () => {
    const { signal } = new AbortController();
    const { device } = createTestDevice({
      sandbox: {
        ...createTestDevice().device.sandbox,
        allocate: async (bytes, given) => ({ name: String(given === signal), bytes }),
      },
    });
    const command = commandOf("add_1gb_file");
    expect(command.timeoutMs).toBe(600_000);
    expect(await command.run(7, { device, signal })).toEqual({ name: "true", bytes: 7 });
  });
});

test("rm_1gb_file reports what it has removed, and what it has left alone", async () => {
  const { device } = createTestDevice();
  expect(await give(device, "rm_1gb_file")).toEqual({ files: 2, bytes: 30, leftAlone: 1 });
});

describe("change_send_interval", () => {
  test.each([
    [30, 30_000],
    ["30", 30_000],
    [" 2.5 ", 2_500],
    [1, 1_000],
    ["86400", 86_400_000],
    [1.0004, 1_000],
  ])("with %j reports every so many seconds", async (payload, intervalMs) => {
    const { device, calls } = createTestDevice();
    const result = await give(device, "change_send_interval", payload);
    expect(result).toEqual({ seconds: intervalMs / 1_000 });
    expect(calls.intervalMs).toBe(intervalMs);
  });

  test.each([
    [0, "0"],
    [-1, "-1"],
    [0.999, "0.999"],
    [86_400.1, "86400.1"],
    [1e300, "1e+300"],
    ["0.5", "0.5"],
  ])("given %j says that value and the bounds, and changes nothing", async (payload, shown) => {
    const { device, calls } = createTestDevice();
    const reason = `an interval of ${shown} s is not allowed; it must be whole milliseconds, from 1 s (intervalMin) to 86400 s`;
    expect(await give(device, "change_send_interval", payload)).toEqual(rejected(reason));
    expect(calls.intervalMs).toBe(10_000);
  });

  test.each([
    [null, "null"],
    [{}, "{}"],
    [[30], "[30]"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    ["9".repeat(33), `"${"9".repeat(33)}"`],
    ["", '""'],
    ["NaN", '"NaN"'],
    ["Infinity", '"Infinity"'],
    ["-Infinity", '"-Infinity"'],
    ["1e3", '"1e3"'],
    ["1e3;rm", '"1e3;rm"'],
    ["; rm -rf /", '"; rm -rf /"'],
    ["$(reboot)", '"$(reboot)"'],
    ["../", '"../"'],
    ["0x1F", '"0x1F"'],
    ["10,5", '"10,5"'],
    ["١٢", '"١٢"'],
  ])("given %j says that it must be a number, and changes nothing", async (payload, shown) => {
    const { device, calls } = createTestDevice();
    const reason = `payload: ${shown} is not allowed; it must be a number of seconds`;
    expect(await give(device, "change_send_interval", payload)).toEqual(rejected(reason));
    expect(calls.intervalMs).toBe(10_000);
  });
});

describe("set_source", () => {
  test.each([
    ["disk", ["disk"]],
    [" walk, disk ", ["walk", "disk"]],
    [
      ["cpu", "disk", "cpu"],
      ["disk", "cpu"],
    ],
  ])("with %j reports these and no others", async (payload, active) => {
    const { device } = createTestDevice();
    expect(await give(device, "set_source", payload)).toEqual({ active });
  });

  test.each([
    ["gpu", 'there is no source "gpu"'],
    ["", 'there is no source ""'],
    [[], "at least one source must be active"],
    ["walk,gpu,../x", 'there is no source "gpu", "../x"'],
    ["WALK", 'there is no source "WALK"'],
    ["__proto__", 'there is no source "__proto__"'],
    ["; rm -rf /", 'there is no source "; rm -rf /"'],
  ])("with %j names what is wrong and what there is", async (payload, problem) => {
    const { device, calls } = createTestDevice();
    const reason = `${problem}; the sources are: walk, disk, cpu`;
    expect(await give(device, "set_source", payload)).toEqual(rejected(reason));
    expect(calls.active).toEqual(["walk"]);
  });

  test("with anything but names says what it must be", async () => {
    const { device } = createTestDevice();
    for (const payload of [null, 1, { name: "walk" }]) {
      const reason = /it must be the name of a source, or a list of names/;
      expect(await give(device, "set_source", payload)).toEqual(rejected(reason));
    }
    const mixed = await give(device, "set_source", ["walk", 1]);
    expect(mixed).toEqual(rejected("payload.1: 1 is not allowed; it must be text"));
  });
});

describe("report_now", () => {
  test("counts messages by their outcome, with the reason of each failure", async () => {
    const dropped: Outcome = { kind: "dropped", reason: "a newer one took its place" };
    const outcomes: Outcome[] = [{ kind: "sent" }, { kind: "delivered" }, dropped, dropped];
    const { device } = createTestDevice({ reportNow: async () => outcomes });
    expect(await give(device, "report_now")).toEqual({
      outcomes: { sent: 1, delivered: 1, dropped: 2 },
      reasons: ["a newer one took its place"],
    });
  });

  test("does not wait for an alarm that no logger stores when the device is to stop", async () => {
    const { device } = createTestDevice({ reportNow: () => new Promise(() => {}) });
    const stopping = new AbortController();
    const running = commandOf("report_now").run(null, { device, signal: stopping.signal });
    stopping.abort(new Error("the device was stopped"));
    await expect(running).rejects.toThrow("the device was stopped");
  });
});

test("restart ends the process, and is done when the next one starts", async () => {
  const { device, calls } = createTestDevice();
  await give(device, "restart");
  expect(calls.restarts).toBe(1);
  expect(commandOf("restart").endsProcess).toBe(true);
});

describe("a command without a payload", () => {
  const NAMES = ["rm_1gb_file", "report_now", "restart"];

  test.each(NAMES)("%s takes what buttons send for nothing", async (name) => {
    const { device } = createTestDevice();
    for (const payload of [null, "", {}]) {
      expect(await give(device, name, payload)).not.toEqual(rejected(/./));
    }
  });

  test.each(NAMES)("%s takes nothing else", async (name) => {
    const { device, calls } = createTestDevice();
    for (const payload of ["*.out", "/etc", 1, false, [], { all: true }, ["a"]]) {
      expect(await give(device, name, payload)).toEqual(rejected(/./));
    }
    expect(calls.restarts).toBe(0);
  });
});
