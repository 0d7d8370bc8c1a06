import { globSync, statSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { type SegmentedStore, startSegmentFinalizer } from "@weir/store";
import { createFakeClock, eventually, START_US, temporaryFolder } from "@weir/testkit";
import { DAY_US, disk, diskAsJson, openDays } from "./fixture.ts";

/** Finishes and archives what ended before a day, as the logger does. */
async function archiveBefore(store: SegmentedStore, day: number): Promise<void> {
  const finished: string[] = [];
  const problems: object[] = [];
  await using finalizer = startSegmentFinalizer({
    clock: createFakeClock(),
    onFinished: (file) => finished.push(file),
    onUnfinished: (problem) => problems.push(problem),
  });
  const sealed = store.unfinished();
  for (const file of sealed) finalizer.finish(file);
  await eventually(() => finished.length === sealed.length);
  const due = store.toArchive(START_US + day * DAY_US + 1);
  let archived = 0;
  for (const file of due) {
    finalizer.archive(file, () => {
      store.noteArchived(file);
      archived += 1;
    });
  }
  await eventually(() => archived === due.length);
  expect(problems).toEqual([]);
}

const bytesOf = (pattern: string): number =>
  globSync(pattern).reduce((sum, file) => sum + statSync(file).size, 0);

test("archives are measured, and a stream grows by what they take of SQLite", async () => {
  using folder = temporaryFolder();
  using store = openDays(folder, 4, { history: "off", archive: { after: "2d" } });
  await archiveBefore(store, 2);
  const { code, err, report, barn } = await diskAsJson(folder, { day: 4 });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const bytes = bytesOf(folder.file("barn/*/*.parquet"));
  expect(barn.files.archive).toEqual({ files: 2, bytes });
  const isArchived = barn.segments.map((segment: { isArchived: boolean }) => segment.isArchived);
  expect(isArchived).toEqual([true, true, false, false]);
  expect(barn.messages).toBe(4_000);
  expect(barn.rate).toMatchObject({ messagesADay: 1_000, overMs: 4 * 86_400_000 });
  const { rate, archiveShare } = barn;
  expect(archiveShare).toEqual({
    value: expect.closeTo(bytes / (2_000 * rate.bytesAMessage + 2 * 40_960), 6),
    isMeasured: true,
  });
  // A day comes as SQLite, and another one becomes an archive.
  expect(barn.growthBytesADay).toBeLessThan(rate.bytesADay / 2);
  expect(report.largest[0].messages / 4_000).toBeCloseTo(0.75, 1);
  const { out } = await disk(folder, { day: 4 });
  expect(out).not.toContain("a tenth of SQLite");
});
