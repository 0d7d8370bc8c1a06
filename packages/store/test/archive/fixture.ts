import type { NewRow, SegmentedStore } from "@weir/store";
import { START_US } from "@weir/testkit";
import { archiveSegment } from "../../src/rotation/archive-segment.ts";
import { finishSegment } from "../../src/rotation/finish-segment.ts";
import { openDevices } from "../range-fixture.ts";

export const HOUR_US = 3_600_000_000;

/** Each list of rows in a segment of its own, all of them finished; an empty one is live behind them. */
export function fillSegments(folder: string, segments: readonly (readonly NewRow[])[]): string[] {
  using store = openDevices(folder);
  const sealed = segments.map((rows, index) => {
    if (rows.length > 0) store.append([...rows]);
    return store.rotate(START_US + (index + 1) * HOUR_US).sealed;
  });
  for (const file of sealed) finishSegment(file);
  return sealed;
}

/** Archives every segment that a store would hand out. @returns their files. */
export function archiveAll(store: SegmentedStore): string[] {
  const files = store.toArchive(Number.MAX_SAFE_INTEGER);
  for (const file of files) {
    archiveSegment(file);
    store.noteArchived(file);
  }
  return files;
}
