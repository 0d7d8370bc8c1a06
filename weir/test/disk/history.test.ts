import { globSync, statSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { indexFileOf, PointsStore } from "@weir/series";
import { createFakeClock, START_US, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { DAY_US, disk, diskAsJson, openDays } from "./fixture.ts";

const DAY_MS = DAY_US / 1_000;

/** Keeps points of two series for so many days: one every minute, and one every ten minutes. */
async function keepPoints(folder: TemporaryFolder, days: number): Promise<void> {
  const clock = createFakeClock(START_US / 1_000);
  using store = new PointsStore({
    indexFile: indexFileOf(folder.file("weir.db")),
    clock,
    onLost: ({ reason }) => {
      throw reason;
    },
  });
  const writer = await store.stream("barn", { historyMs: 400 * DAY_MS });
  for (let day = 0; day < days; day += 1) {
    for (let minute = 0; minute < 1_440; minute += 1) {
      const us = START_US + day * DAY_US + minute * 60_000_000;
      writer.add("barn/cow", "temperature", us, 38 + (minute % 10) / 10);
      if (minute % 10 === 0) writer.add("barn/owl", "", us, minute);
    }
    const row = { segment: "barn-20260101T000000.000000Z.db", id: day + 1, receivedUs: START_US };
    writer.pass(row);
    await writer.flush();
  }
}

describe("the history of a stream", () => {
  test("is measured by its files and its index", async () => {
    using folder = temporaryFolder();
    using _store = openDays(folder, 10);
    await keepPoints(folder, 10);
    const { code, err, report, barn } = await diskAsJson(folder);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const files = globSync(folder.file("history/*/*/*.parquet"));
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    expect(barn.files.history).toEqual({ files: 10, bytes });
    expect(barn.points).toBe(10 * (1_440 + 144));
    expect(barn.pointsADay).toBeCloseTo(1_440 + 144, 0);
    const { bytesAPoint } = barn;
    // Of the days that are over: those of today are not merged yet.
    const old = files.filter(
      (file) => !file.includes("2026-01-09") && !file.includes("2026-01-10"),
    );
    const oldBytes = old.reduce((sum, file) => sum + statSync(file).size, 0);
    expect(bytesAPoint).toEqual({ value: oldBytes / (8 * (1_440 + 144)), isMeasured: true });
    expect(barn.growthOfHistoryBytesADay).toBeCloseTo(barn.pointsADay * barn.bytesAPoint.value, 3);
    const [cow] = report.largest;
    expect(cow).toMatchObject({
      series: "barn:barn/cow#temperature",
      isSeries: true,
      points: 14_400,
    });
    expect(cow.pointBytes).toBeCloseTo((bytes * 1_440) / (1_440 + 144), 0);
    expect(report.index.bytesADay).toMatchObject({ isMeasured: true });
  });

  test("grows until its own age, and takes what other ages would take", async () => {
    using folder = temporaryFolder();
    using _store = openDays(folder, 10, { history: "30d", retention: { age: "7d" } });
    await keepPoints(folder, 10);
    const { out } = await disk(folder);
    expect(out).toMatch(/^barn .* for 20 d$/m);
    const { barn } = await diskAsJson(folder);
    const kept = barn.otherSettings.find(
      ({ setting }: { setting: string }) => setting === "history: 400d",
    );
    expect(kept.bytes).toBeCloseTo(400 * barn.pointsADay * barn.bytesAPoint.value, 3);
  });
});
