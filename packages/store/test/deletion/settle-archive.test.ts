import { existsSync, linkSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { lockFile } from "@weir/runtime";
import type { DeletedRows } from "@weir/store";
import { START_US, temporaryFolder } from "@weir/testkit";
import { archiveSegment } from "../../src/rotation/archive-segment.ts";
import { hiddenArchiveOf, settleArchive } from "../../src/rotation/settle-archive.ts";
import { fillSegments } from "../archive/fixture.ts";
import { numberedRows, readNumbers, SECOND_US } from "../range-fixture.ts";

const rowsBetween = (from: number, to: number): DeletedRows => ({
  stream: "devices",
  filters: ["DATA"],
  fromUs: START_US + from * SECOND_US,
  toUs: START_US + to * SECOND_US,
  through: { segment: "devices-9", id: 0 },
});

/** A stream whose first segment, with the rows 1 to 9, is archived. */
function archived(folder: string) {
  const [file = ""] = fillSegments(folder, [numberedRows(1, 9), []]);
  archiveSegment(file);
  const archive = file.replace(/db$/, "parquet");
  const numbers = () => readNumbers({ kind: "folder", folder });
  return { file, archive, kept: hiddenArchiveOf(file), numbers };
}

describe("an archive", () => {
  test("is written again as often as deletions change, always from the original", async () => {
    using folder = temporaryFolder();
    const { file, archive, kept, numbers } = archived(folder.path);
    const original = readFileSync(archive);
    const [first, second] = [rowsBetween(2, 4), rowsBetween(3, 6)];
    settleArchive(file, { hidden: [first], removed: [] });
    expect(await numbers()).toEqual([1, 4, 5, 6, 7, 8, 9]);
    settleArchive(file, { hidden: [first, second], removed: [] });
    expect(await numbers()).toEqual([1, 6, 7, 8, 9]);
    settleArchive(file, { hidden: [second], removed: [] });
    expect(await numbers()).toEqual([1, 2, 6, 7, 8, 9]);
    settleArchive(file, { hidden: [], removed: [] });
    expect(readFileSync(archive).equals(original)).toBe(true);
    expect(existsSync(kept)).toBe(false);
  });

  test("loses what is removed for good, and can still bring back the rest", async () => {
    using folder = temporaryFolder();
    const { file, kept, numbers } = archived(folder.path);
    const [first, second] = [rowsBetween(2, 4), rowsBetween(3, 6)];
    settleArchive(file, { hidden: [first, second], removed: [] });
    settleArchive(file, { hidden: [second], removed: [first] });
    expect(await numbers()).toEqual([1, 6, 7, 8, 9]);
    settleArchive(file, { hidden: [], removed: [] });
    expect(await numbers()).toEqual([1, 4, 5, 6, 7, 8, 9]);
    settleArchive(file, { hidden: [], removed: [rowsBetween(0, 100)] });
    expect(await numbers()).toEqual([]);
    expect(existsSync(kept)).toBe(false);
  });

  test("is left whole by a kill between two steps", async () => {
    using folder = temporaryFolder();
    const { file, archive, kept, numbers } = archived(folder.path);
    const hidden = { hidden: [rowsBetween(2, 4)], removed: [] };
    // Killed when it was about to take the place of what it was.
    writeFileSync(`${archive}.making`, "half of it");
    linkSync(archive, kept);
    settleArchive(file, hidden);
    expect(await numbers()).toEqual([1, 4, 5, 6, 7, 8, 9]);
    // Killed at the end.
    settleArchive(file, hidden);
    expect(await numbers()).toEqual([1, 4, 5, 6, 7, 8, 9]);
    settleArchive(file, { hidden: [], removed: [] });
    expect(await numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("is written by one process at a time: one that a killed logger has left goes on for a while", () => {
    using folder = temporaryFolder();
    const { file } = archived(folder.path);
    using _lock = lockFile(folder.file("archives"), { message: "taken", remedy: "Wait." });
    const settle = () => settleArchive(file, { hidden: [rowsBetween(2, 4)], removed: [] });
    expect(settle).toThrow("another process is writing archives");
  });
});
