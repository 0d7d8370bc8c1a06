import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { eventually, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { busyPercent, source as system } from "../../src/sources/system.ts";
import { openSource, problemsWith, read } from "./fixture.ts";

function zone(folder: TemporaryFolder, name: string, text: string | null): void {
  mkdirSync(folder.file(name));
  if (text !== null) writeFileSync(join(folder.file(name), "temp"), text);
}

test("the machine is measured within its ranges", async () => {
  using source = openSource(system);
  // Processors are reckoned between two moments, and the machine counts in hundredths of a second.
  const sample = await eventually(async () => {
    const values = await read(source);
    return "cpu-percent" in values ? values : null;
  });
  for (const { name, range, decimals } of source.attributes) {
    const value = sample[name] ?? Number.NaN;
    expect(value).toBe(Number(value.toFixed(decimals)));
    if (range.min !== null) expect(value).toBeGreaterThanOrEqual(range.min);
    if (range.max !== null) expect(value).toBeLessThanOrEqual(range.max);
  }
  expect(Object.keys(sample)).toEqual(source.attributes.map(({ name }) => name));
});

describe("the share of busy time", () => {
  const before = { idleMs: 1_000, totalMs: 5_000 };
  test.each([
    ["is what was not idle", { idleMs: 1_300, totalMs: 6_000 }, 70],
    ["is all when nothing was idle", { idleMs: 1_000, totalMs: 6_000 }, 100],
    ["is not above all where the idle time goes back", { idleMs: 990, totalMs: 6_000 }, 100],
    ["is not known before time has passed", { idleMs: 1_000, totalMs: 5_000 }, null],
  ])("%s", (_, after, percent) => {
    const busy = busyPercent(before, after);
    expect(busy === null ? null : Math.round(busy)).toBe(percent);
  });
});

describe("the temperature", () => {
  const hasTemperature = (source: { attributes: readonly { name: string }[] }): boolean =>
    source.attributes.some(({ name }) => name === "temperature");

  test("is that of the warmest zone, in degrees; zones that are off do not count", async () => {
    using folder = temporaryFolder();
    zone(folder, "thermal_zone0", "41250\n");
    zone(folder, "thermal_zone1", "48312\n");
    zone(folder, "thermal_zone2", null);
    zone(folder, "thermal_zone3", "\n");
    zone(folder, "cooling_device0", "99000\n");
    using source = openSource(system, { thermalFolder: folder.path });
    expect(source.attributes.at(-1)).toMatchObject({ unit: "°C", deviceClass: "temperature" });
    expect(await read(source)).toMatchObject({ temperature: 48.3 });
  });

  test("is left out while no zone reports it", async () => {
    using folder = temporaryFolder();
    zone(folder, "thermal_zone0", null);
    using source = openSource(system, { thermalFolder: "." }, { base: folder.path });
    expect(hasTemperature(source)).toBe(true);
    expect(await read(source)).not.toHaveProperty("temperature");
  });

  test("is no attribute where there are no zones", () => {
    using folder = temporaryFolder();
    using empty = openSource(system, { thermalFolder: folder.path });
    using missing = openSource(system, { thermalFolder: folder.file("none") });
    expect([empty, missing].map(hasTemperature)).toEqual([false, false]);
  });
});

test("unknown options are refused", () => {
  expect(problemsWith(system, { thermal: "/sys" })).toEqual([': Unrecognized key: "thermal"']);
});
