import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import {
  deletionsFileOf,
  openReader,
  openSegmentedStore,
  readDeletions,
  readRange,
  type StreamPlace,
} from "@weir/store";
import {
  createFakeClock,
  createTestContext,
  eventually,
  lockByAnother,
  openTestStore,
  START_US,
  temporaryFolder,
} from "@weir/testkit";
import { Deletions, UNDO_MS } from "../../src/deletions.ts";
import { isAllFinished, rowsOf, startWorker } from "./fixture.ts";

const HOUR_MS = 3_600_000;

async function numbersIn(place: StreamPlace): Promise<number[]> {
  const pages = await Array.fromAsync(readRange(place));
  return pages.flatMap(({ messages }) => messages.map(({ payload }) => Number(payload.toString())));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const withoutThirds = (count: number): number[] => upTo(count).filter((number) => number % 3 !== 0);

/** A store in one file, with rows 1 to 30. */
function openFile(folder: string) {
  const file = `${folder}/weir.db`;
  const store = openTestStore(file);
  store.append(rowsOf(1, 30));
  return { store, place: { kind: "file", file } as const, file };
}

describe("the logger", () => {
  test("hides rows at once, and brings them back when it is asked within 24 hours", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(START_US / 1_000);
    const { store, place } = openFile(folder.path);
    using _store = store;
    await using running = startWorker({ store, place }, { folder: folder.path, clock });
    const { id } = running.add();
    const state = () => {
      clock.advance(20);
      return running.deletions.find(id)?.state;
    };
    await eventually(() => state() === "hidden");
    expect(await numbersIn(place)).toEqual(withoutThirds(30));
    clock.advance(UNDO_MS - HOUR_MS);
    const hidden = running.deletions.find(id);
    expect(hidden).toMatchObject({ hiddenRows: 10, state: "hidden" });
    if (hidden !== null) running.deletions.undo(hidden);
    await eventually(() => state() === "undone");
    expect(await numbersIn(place)).toEqual(upTo(30));
    expect(running.faults).toEqual([]);
  });

  test("removes them after 24 hours, and then refuses an undo", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(START_US / 1_000);
    const { store, place, file } = openFile(folder.path);
    using _store = store;
    await using running = startWorker({ store, place }, { folder: folder.path, clock });
    const { id } = running.add();
    const state = () => {
      clock.advance(1_000);
      return running.deletions.find(id)?.state;
    };
    await eventually(() => state() === "hidden");
    clock.advance(UNDO_MS);
    await eventually(() => state() === "removed");
    const gone = running.deletions.find(id);
    expect(gone === null ? undefined : running.deletions.undo(gone)).toBeNull();
    expect(await numbersIn(place)).toEqual(withoutThirds(30));
    using reader = openReader(file);
    expect(reader?.state().lastId).toBe(30);
  });

  test("goes on after a start where it was", async () => {
    using folder = temporaryFolder();
    const { store, place } = openFile(folder.path);
    using _store = store;
    {
      // Nothing has been done yet when it stops.
      await using running = startWorker({ store, place }, { folder: folder.path });
      running.add();
    }
    await using running = startWorker({ store, place }, { folder: folder.path });
    await eventually(() => running.deletions.all()[0]?.state === "hidden");
    expect(await numbersIn(place)).toEqual(withoutThirds(30));
  });

  test("waits for another program that has the store locked, and says so", async () => {
    using folder = temporaryFolder();
    const { store, place, file } = openFile(folder.path);
    using _store = store;
    await using running = startWorker({ store, place }, { folder: folder.path });
    let id = "";
    {
      await using _lock = await lockByAnother(file);
      ({ id } = running.add());
      await eventually(() => running.worker.problemOf(id)?.includes("in use by another program"));
    }
    await eventually(() => running.deletions.find(id)?.state === "hidden");
    expect(running.worker.problemOf(id)).toBeNull();
  });

  test("writes into finished segments, and has them finished again", async () => {
    using folder = temporaryFolder();
    const place = { kind: "folder", folder: folder.file("data") } as const;
    using store = openSegmentedStore({
      folder: place.folder,
      stream: "data",
      synchronous: "NORMAL",
      nowUs: START_US,
    });
    for (const part of [0, 1, 2]) {
      store.append(rowsOf(part * 100 + 1, part * 100 + 100));
      store.rotate(START_US + (part + 1) * 100_500_000);
    }
    await using running = startWorker({ store, place }, { folder: folder.path });
    const { id } = running.add({ fromUs: START_US + 150_000_000 });
    await eventually(() => running.deletions.find(id)?.state === "hidden");
    await eventually(() => isAllFinished(store));
    expect(await numbersIn(place)).toEqual(
      upTo(300).filter((number) => number < 150 || number % 3 !== 0),
    );
    expect(running.faults).toEqual([]);
  });

  test("skips a damaged segment, and names it", async () => {
    using folder = temporaryFolder();
    const place = { kind: "folder", folder: folder.file("data") } as const;
    using store = openSegmentedStore({
      folder: place.folder,
      stream: "data",
      synchronous: "NORMAL",
      nowUs: START_US,
    });
    store.append(rowsOf(1, 30));
    const { sealed } = store.rotate(START_US + 30_500_000);
    store.append(rowsOf(31, 60));
    writeFileSync(sealed, "no database".repeat(1_000));
    await using running = startWorker({ store, place }, { folder: folder.path });
    const { id } = running.add();
    await eventually(() => running.deletions.find(id)?.state === "hidden");
    expect(running.deletions.find(id)).toMatchObject({
      hiddenRows: 10,
      skipped: [expect.stringContaining("not a database")],
    });
  });
});

describe("the list of deletions", () => {
  test("is put aside when it is damaged", () => {
    using folder = temporaryFolder();
    const file = deletionsFileOf(folder.file("weir.db"));
    writeFileSync(file, "{");
    expect(() => readDeletions(file)).toThrow(`${file} is not a list of deletions`);
    expect(new Deletions(file, createTestContext()).all()).toEqual([]);
    expect(readDeletions(file)).toEqual([]);
  });
});
