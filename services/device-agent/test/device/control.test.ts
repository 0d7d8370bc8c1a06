import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { createControl, type DeviceControl, memoryInFile } from "../../src/control/control.ts";
import { openSandbox, Refusal } from "../../src/control/sandbox.ts";
import type { Deadband } from "../../src/report/deadband.ts";
import { type Bench, createBench, createTestSource, INTERVAL_MS } from "../report/fixture.ts";

const width = (width: number): Deadband => ({ kind: "absolute", width });
const share = (share: number): Deadband => ({ kind: "relative", share });

/** What a user's own command may do by mistake: no compiler has checked its types. */
const MISTAKES: readonly (readonly [string, (device: DeviceControl) => void])[] = [
  ["no interval", (device) => device.setIntervalMs(Number.NaN)],
  ["an interval as text", (device) => device.setIntervalMs("30" as never)],
  ["an interval of nothing", (device) => device.setIntervalMs(0)],
  ["half a millisecond", (device) => device.setIntervalMs(10_000.5)],
  ["an interval below the least one", (device) => device.setIntervalMs(999)],
  ["more than a day", (device) => device.setIntervalMs(86_400_001)],
  ["no source at all", (device) => device.setActiveSources([])],
  ["a source that is not configured", (device) => device.setActiveSources(["wlak"])],
  ["a deadband of no attribute", (device) => device.setDeadband("constructor", null)],
  ["a negative deadband", (device) => device.setDeadband("walk", width(-1))],
  ["a deadband that is no number", (device) => device.setDeadband("walk", share(Number.NaN))],
  ["a deadband of no kind", (device) => device.setDeadband("walk", { width: 1 } as never)],
  ["a silence of nothing", (device) => device.setDeadband("walk", null, 0)],
  ["a silence that is no number", (device) => device.setDeadband("walk", null, Number.NaN)],
];

describe("what a command does to its device", () => {
  let folder: TemporaryFolder;
  let bench: Bench;
  let device: DeviceControl;

  beforeEach(() => {
    folder = temporaryFolder();
    const walk = createTestSource("walk");
    bench = createBench([walk]);
    device = createControl({
      id: "kitchen",
      intervalMinMs: 1_000,
      commands: new Map(),
      sources: [{ ...walk, kind: "test" }],
      reporter: bench.reporter,
      memory: memoryInFile(folder.file("memory.json")),
      sandbox: openSandbox({ folder: folder.file("sandbox"), quotaBytes: 0, reserveBytes: 0 }),
      onChange: () => {},
      restart: () => {},
    });
  });
  afterEach(async () => {
    await bench[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  test.each(MISTAKES)("refuses %s, and starts again as before", (_what, mistake) => {
    device.setIntervalMs(20_000);
    device.setDeadband("walk", width(2), 60_000);
    expect(() => mistake(device)).toThrow(Refusal);
    const rules = { walk: { deadband: width(2), maxSilenceMs: 60_000 } };
    expect(memoryInFile(folder.file("memory.json")).recall()).toEqual({
      intervalMs: 20_000,
      activeSources: null,
      rules,
      announced: {},
    });
    expect({ ms: bench.reporter.intervalMs, rules: bench.reporter.rules() }).toEqual({
      ms: 20_000,
      rules,
    });
    expect(bench.reporter.isActive("walk")).toBe(true);
  });

  test("is refused with the names that exist", () => {
    expect(() => device.setActiveSources(["wlak"])).toThrow(
      'there is no source "wlak"; the sources are: walk',
    );
    expect(() => device.setDeadband("constructor", null)).toThrow(
      'there is no attribute "constructor"; the attributes are: walk',
    );
  });

  test("leaves the longest silence of a deadband unchanged unless it sets one", () => {
    device.setDeadband("walk", null, 77_000);
    device.setDeadband("walk", width(1));
    expect(bench.reporter.rules()).toEqual({
      walk: { deadband: width(1), maxSilenceMs: 77_000 },
    });
  });

  test("may be at the limits of what is allowed", () => {
    device.setIntervalMs(INTERVAL_MS);
    device.setActiveSources(["walk"]);
    device.setDeadband("walk", share(0), 1);
    expect(memoryInFile(folder.file("memory.json")).recall()).toEqual({
      intervalMs: INTERVAL_MS,
      activeSources: ["walk"],
      rules: { walk: { deadband: share(0), maxSilenceMs: 1 } },
      announced: {},
    });
  });
});
