import { existsSync, readFileSync } from "node:fs";
import { expect, jest, test } from "@jest/globals";
import { systemClock } from "@weir/runtime";
import {
  countRows,
  hiddenArchiveOf,
  openSegmentedStore,
  readRange,
  type SegmentedStore,
  startSegmentFinalizer,
} from "@weir/store";
import { createFakeClock, eventually, START_US, temporaryFolder } from "@weir/testkit";
import { UNDO_MS } from "../../src/deletions.ts";
import { rowsOf, SECOND_US, startWorker } from "./fixture.ts";

// Archives are written by processes of low priority, one after the other.
jest.setTimeout(240_000);

async function numbersIn(folder: string): Promise<number[]> {
  const pages = await Array.fromAsync(readRange({ kind: "folder", folder }));
  return pages.flatMap(({ messages }) => messages.map(({ payload }) => Number(payload.toString())));
}

/** Rows 1 to 400 in four segments, of which the first two are archived. @returns the files of these. */
async function archiveSome(store: SegmentedStore): Promise<string[]> {
  for (const part of [0, 1, 2, 3]) {
    store.append(rowsOf(part * 100 + 1, part * 100 + 100));
    if (part < 3) store.rotate(START_US + (part + 1) * 100.5 * SECOND_US);
  }
  await using finalizer = startSegmentFinalizer({
    clock: systemClock,
    onFinished: () => {},
    onUnfinished: () => {},
  });
  for (const file of store.unfinished()) finalizer.finish(file);
  const due = await eventually(() => {
    const files = store.toArchive(2 * START_US);
    return files.length === 2 ? files : null;
  });
  for (const file of due) finalizer.archive(file, () => store.noteArchived(file));
  await eventually(() => store.segments().filter(({ state }) => state === "archived").length === 2);
  return due;
}

test("archives are written again without the rows, kept for an undo, and that is gone after a day", async () => {
  using folder = temporaryFolder();
  const place = { kind: "folder", folder: folder.file("data") } as const;
  using store = openSegmentedStore({
    folder: place.folder,
    stream: "data",
    synchronous: "NORMAL",
    nowUs: START_US,
  });
  const archived = await archiveSome(store);
  const [first = "", second = ""] = archived.map((file) => file.replace(/db$/, "parquet"));
  const before = archived.map(hiddenArchiveOf).map(existsSync);
  expect(before).toEqual([false, false]);
  const original = readFileSync(second);
  const clock = createFakeClock(START_US / 1_000);
  await using running = startWorker({ store, place }, { folder: folder.path, clock });
  const all = Array.from({ length: 400 }, (_, index) => index + 1);
  // The first archive lies before that time.
  const span = { fromUs: START_US + 150 * SECOND_US, toUs: START_US + 351 * SECOND_US };
  const kept = all.filter((number) => number % 3 !== 0 || number < 150 || number > 350);
  const reaches = (id: string, state: string) =>
    eventually(() => {
      clock.advance(1_000);
      return running.deletions.find(id)?.state === state;
    });

  const counting = countRows(place, {
    ...span,
    stream: "data",
    filters: ["a"],
    through: store.end(),
  });
  let counted = counting.next();
  while (counted.done !== true) counted = counting.next();
  expect(counted.value).toMatchObject({ rows: 400 - kept.length, skipped: [] });

  const undone = running.add(span);
  await reaches(undone.id, "hidden");
  expect(await numbersIn(place.folder)).toEqual(kept);
  expect(archived.map(hiddenArchiveOf).map(existsSync)).toEqual([false, true]);
  expect(running.deletions.find(undone.id)?.hiddenRows).toBe(400 - kept.length);
  running.deletions.undo(running.deletions.find(undone.id) ?? undone);
  await reaches(undone.id, "undone");
  expect(await numbersIn(place.folder)).toEqual(all);
  expect(readFileSync(second).equals(original)).toBe(true);
  expect(running.deletions.find(undone.id)?.restoredRows).toBe(400 - kept.length);

  const { id } = running.add(span);
  // What another deletion means, too, stays hidden when this one is over.
  const other = running.add({
    fromUs: START_US + 180 * SECOND_US,
    toUs: START_US + 190 * SECOND_US,
  });
  await reaches(other.id, "hidden");
  running.deletions.undo(running.deletions.find(other.id) ?? other);
  await reaches(other.id, "undone");
  expect(await numbersIn(place.folder)).toEqual(kept);
  clock.advance(UNDO_MS);
  await reaches(id, "removed");
  expect(await numbersIn(place.folder)).toEqual(kept);
  expect(archived.map(hiddenArchiveOf).map(existsSync)).toEqual([false, false]);
  expect([existsSync(first), existsSync(second)]).toEqual([true, true]);
  expect(running.faults).toEqual([]);
});
