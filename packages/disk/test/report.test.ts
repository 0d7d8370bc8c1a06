import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { diskReport, diskReportAsJson, totalBytes } from "@weir/disk";
import { indexFileOf } from "@weir/series";
import { openSegmentedStore } from "@weir/store";
import { readStreams } from "@weir/streams";
import { readingAt, START_US, type TemporaryFolder, temporaryFolder } from "@weir/testkit";

const DAY_US = 86_400_000_000;

/** Two days of the stream barn, each in a segment with 500 messages. */
function fill(folder: TemporaryFolder): void {
  const nowUs = START_US;
  using store = openSegmentedStore({
    folder: folder.file("barn"),
    stream: "barn",
    synchronous: "NORMAL",
    nowUs,
  });
  for (const day of [0, 1]) {
    if (day > 0) store.rotate(START_US + day * DAY_US);
    const rows = Array.from({ length: 500 }, (_, index) =>
      readingAt(START_US + day * DAY_US + index * 100_000_000, index),
    );
    store.append(rows);
  }
}

async function measure(folder: TemporaryFolder, chosen: string | null = null) {
  writeFileSync(folder.file("weir.yaml"), "streams:\n  barn: { filters: [barn/#] }\n");
  const storeFile = folder.file("weir.db");
  const { streams } = readStreams({ WEIR_FILE: folder.file("weir.yaml"), DB_FILE: storeFile });
  return await diskReport(streams, {
    storeFile,
    indexFile: indexFileOf(storeFile),
    nowMs: (START_US + 2 * DAY_US) / 1_000,
    chosen,
  });
}

test("a store is measured as a value, with what each stream takes and how long the disk lasts", async () => {
  using folder = temporaryFolder();
  fill(folder);
  mkdirSync(folder.file("old"));
  writeFileSync(folder.file("old/stream.lock"), "12345");
  const report = await measure(folder);
  expect(report.problems).toEqual([]);
  expect(report.leftovers).toEqual([{ folder: folder.file("old"), bytes: 5 }]);
  const barn = report.streams.find(({ stream }) => stream.name === "barn");
  expect(barn?.rows.reach?.messages).toBe(1_000);
  expect(barn?.files.segments).toHaveLength(2);
  expect(barn && totalBytes(barn)).toBeGreaterThan(1_000);
  const [volume] = report.disks;
  expect(volume?.weirBytes).toBeGreaterThanOrEqual((barn && totalBytes(barn)) ?? Infinity);
  expect(volume?.forecast).not.toBeNull();
  const json = JSON.parse(JSON.stringify(diskReportAsJson(report)));
  expect(json.streams.map(({ stream }: { stream: string }) => stream)).toContain("barn");
});

test("one stream may be measured alone, and a store that is not there is a fault", async () => {
  using folder = temporaryFolder();
  fill(folder);
  const { streams, disks } = await measure(folder, "barn");
  expect(streams.map(({ stream }) => stream.name)).toEqual(["barn"]);
  expect(disks.every(({ forecast }) => forecast === null)).toBe(true);
  const storeFile = folder.file("nowhere/weir.db");
  const options = { storeFile, indexFile: indexFileOf(storeFile), nowMs: 0, chosen: null };
  await expect(diskReport([], options)).rejects.toThrow("there is no store");
});
