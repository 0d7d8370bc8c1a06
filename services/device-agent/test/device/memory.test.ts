import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { canMountSmallDisk, faultOf, mountSmallDisk, temporaryFolder } from "@weir/testkit";
import { memoryInFile, type Remembered } from "../../src/control/control.ts";

const NOTHING: Remembered = { intervalMs: null, activeSources: null, rules: {}, announced: {} };
const SET: Remembered = {
  intervalMs: 30_000,
  activeSources: ["walk"],
  rules: { walk: { deadband: { kind: "relative", share: 0.05 }, maxSilenceMs: 60_000 } },
  announced: { "homeassistant/device/kitchen/config": { attribute_walk: "sensor" } },
};

/** Some kilobytes of it. */
const MUCH: Remembered = {
  ...SET,
  rules: Object.fromEntries(
    Array.from({ length: 200 }, (_, index) => [
      `walk-${index}`,
      { deadband: { kind: "absolute" as const, width: index }, maxSilenceMs: 60_000 },
    ]),
  ),
};

describe("what a device remembers", () => {
  test("is nothing at first, and then what was kept, also for the next process", () => {
    using folder = temporaryFolder();
    const file = folder.file("memory.json");
    expect(memoryInFile(file).recall()).toEqual(NOTHING);
    memoryInFile(file).keep(SET);
    expect(memoryInFile(file).recall()).toEqual(SET);
  });

  test("is also read where an earlier version of Weir has written it", () => {
    using folder = temporaryFolder();
    const file = folder.file("memory.json");
    writeFileSync(file, '{"intervalMs":30000,"activeSources":null,"rules":{}}');
    expect(memoryInFile(file).recall()).toEqual({ ...NOTHING, intervalMs: 30_000 });
  });

  test("is a fault that names the file and the remedy when it is damaged", () => {
    using folder = temporaryFolder();
    const file = folder.file("memory.json");
    writeFileSync(file, '{"intervalMs":3');
    const fault = faultOf(() => memoryInFile(file).recall());
    expect(fault.message).toContain(`${file} is damaged`);
    expect(fault.remedy).toContain("Remove it");
  });

  (canMountSmallDisk() ? test : test.skip)(
    "stays as it was where the disk has space for a part of the new only",
    () => {
      using disk = mountSmallDisk();
      const memory = memoryInFile(`${disk.path}/memory.json`);
      memory.keep(SET);
      disk.fillBut(4_096);
      expect(() => memory.keep(MUCH)).toThrow("ENOSPC");
      expect(memory.recall()).toEqual(SET);
      disk.free();
      memory.keep(MUCH);
      expect(memory.recall()).toEqual(MUCH);
    },
  );
});
