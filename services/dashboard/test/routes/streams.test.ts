import { describe, expect, test } from "@jest/globals";
import { writeBackupState } from "@weir/backup";
import { createTestContext, eventually, START_US } from "@weir/testkit";
import { streams } from "../../src/contract/system.ts";
import { streamRoutes } from "../../src/routes/streams.ts";
import { SeriesCatalogue } from "../../src/sources/catalogue-cache.ts";
import { DiskWatch } from "../../src/sources/disk-watch.ts";
import { PerformanceReport } from "../../src/sources/logger-performance.ts";
import { serverFor } from "../fixture.ts";
import { performanceOf } from "../performance.ts";
import { RecordedHome } from "../recorded-home.ts";

describe("streams", () => {
  test("have what is configured, what the logger reports, and what was measured on the disk", async () => {
    using home = new RecordedHome();
    await home.append({ second: 60, payload: { temperature: 20, humidity: 40 } });
    const { clock, indexFile } = home;
    const context = createTestContext(clock);
    const storeFile = home.folder.file("weir.db");
    await using disk = new DiskWatch({ streams: home.streams, indexFile, storeFile, ...context });
    const performance = new PerformanceReport(clock, 10_000);
    const catalogue = new SeriesCatalogue(indexFile, context);
    const options = { streams: home.streams, catalogue, performance, disk, storeFile, clock };
    const server = await serverFor((api) => streamRoutes(api, options), context);
    const ask = async () => streams.parse((await server.inject("/api/v1/streams")).json());
    const homeOf = ({ streams: all }: Awaited<ReturnType<typeof ask>>) =>
      all.find(({ name }) => name === "home");

    const first = await ask();
    expect(first).toMatchObject({ disk: null, measuredMs: null, backup: null });
    expect(first.streams.map(({ name }) => name)).toEqual(["data", "devices", "home"]);
    expect(homeOf(first)).toMatchObject({
      filters: ["zigbee2mqtt/#"],
      newestMs: START_US / 1_000 + 60_000,
      series: 2,
      messagesPerSecond: null,
      bytes: null,
      keepsHistory: "for a time",
    });

    const measured = await eventually(async () => {
      const found = await ask();
      return found.measuredMs === null ? null : found;
    });
    expect(measured.measuredMs).toBe(clock.now());
    expect(measured.disk?.freeBytes).toBeLessThanOrEqual(measured.disk?.totalBytes ?? 0);
    expect(homeOf(measured)?.bytes).toBeGreaterThan(4_096);

    const rates = { messagesPerSecond: 2.5, lagSeconds: 0.2 };
    const rest = { messages: 1, rows: 1, duplicates: 0, filtered: 0, skipped: 0, rejected: 0 };
    const sizes = { bytes: 1, busyRatio: 0, fileBytes: 1, walBytes: 0 };
    const report = { streams: { home: { ...rest, ...rates, ...sizes } } };
    performance.take({ payload: performanceOf(clock, report) });
    expect(homeOf(await ask())).toMatchObject(rates);

    const backup = { folder: "/backups", snapshot: "s", everyMs: 3_600_000, problem: null };
    const endedMs = clock.now();
    writeBackupState(storeFile, { ...backup, endedMs, triedMs: endedMs });
    expect((await ask()).backup).toEqual({ endedMs, problem: null });
    clock.jump(2 * backup.everyMs + 1);
    expect((await ask()).backup?.problem).toMatch(/^the next one is overdue/);
    writeBackupState(storeFile, { ...backup, problem: "no space", endedMs, triedMs: clock.now() });
    expect((await ask()).backup).toEqual({ endedMs, problem: "no space" });
    await server.close();
  });
});
