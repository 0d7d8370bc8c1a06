import { statSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import {
  countRows,
  openReader,
  type RowCounts,
  type StreamPlace,
  type StreamStore,
  streamEnd,
} from "@weir/store";
import { openTestStore, START_US, temporaryFolder } from "@weir/testkit";
import { DAY_US, openData, outboxReading, query } from "../fixture.ts";
import { numbered, numberedRows, readNumbers, SECOND_US } from "../range-fixture.ts";
import { carryOut, deletionOf, finishAll, holdsBytes } from "./fixture.ts";

/** A store in each form, with rows 1 to 6: even ones on topic b, the others on topic a. */
const FORMS: [
  name: string,
  open: (folder: string) => { store: StreamStore; place: StreamPlace },
][] = [
  [
    "one file",
    (folder) => {
      const file = `${folder}/weir.db`;
      const store = openTestStore(file);
      store.append(rows(1, 6));
      return { store, place: { kind: "file", file } };
    },
  ],
  [
    "segments",
    (folder) => {
      const store = openData(folder);
      store.append(rows(1, 2));
      store.rotate(START_US + 2.5 * SECOND_US);
      store.append(rows(3, 4));
      store.rotate(START_US + 4.5 * SECOND_US);
      store.append(rows(5, 6));
      return { store, place: { kind: "folder", folder } };
    },
  ],
];

function rows(from: number, through: number) {
  return numberedRows(from, through).map((row, index) => ({
    ...row,
    topic: (from + index) % 2 === 0 ? "b" : "a",
  }));
}

function count(place: StreamPlace, store: StreamStore, given = {}): RowCounts {
  const counting = countRows(place, deletionOf(store, given));
  for (;;) {
    const { done, value } = counting.next();
    if (done === true) return value;
  }
}

describe.each(FORMS)("a deletion in %s", (_name, open) => {
  test("hides the rows of its topics and its time of reception, and undo brings them back", async () => {
    using folder = temporaryFolder();
    const { store, place } = open(folder.path);
    using _store = store;
    const deletion = deletionOf(store, {
      filters: ["a", "c/#"],
      fromUs: START_US + 2 * SECOND_US,
      toUs: START_US + 5 * SECOND_US,
    });
    expect(carryOut(store, place, { kind: "hide", deletion })).toBe(1);
    expect(await readNumbers(place)).toEqual([1, 2, 4, 5, 6]);
    expect(carryOut(store, place, { kind: "restore", deletion })).toBe(1);
    expect(await readNumbers(place)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("counts beforehand what it would hide", () => {
    using folder = temporaryFolder();
    const { store, place } = open(folder.path);
    using _store = store;
    expect(count(place, store, { toUs: START_US + 6 * SECOND_US })).toEqual({
      rows: 5,
      bytes: 5,
      firstUs: START_US + SECOND_US,
      lastUs: START_US + 5 * SECOND_US,
      topics: new Map([
        ["a", 3],
        ["b", 2],
      ]),
      otherTopicsRows: 0,
      skipped: [],
    });
    expect(count(place, store, { filters: ["c"] }).rows).toBe(0);
  });

  test("leaves what is stored after it was asked, and gives no id again", async () => {
    using folder = temporaryFolder();
    const { store, place } = open(folder.path);
    using _store = store;
    const deletion = deletionOf(store);
    store.append([numbered(7, 3, "a")]);
    expect(carryOut(store, place, { kind: "hide", deletion })).toBe(6);
    expect(await readNumbers(place)).toEqual([7]);
    expect(store.append([numbered(8)]).lastId).toBe(8);
  });

  test("hides all rows, and the next row still gets the next id after a start", async () => {
    using folder = temporaryFolder();
    const { store, place } = open(folder.path);
    carryOut(store, place, { kind: "hide", deletion: deletionOf(store) });
    expect(await readNumbers(place)).toEqual([]);
    expect(streamEnd(place)).toMatchObject({ id: 6 });
    store[Symbol.dispose]();
    using again =
      place.kind === "file" ? openTestStore(place.file) : openData(folder.path, START_US + DAY_US);
    expect(again.append([numbered(7)]).lastId).toBe(7);
  });

  test("goes on where a kill has stopped it, hiding and undoing", async () => {
    using folder = temporaryFolder();
    const { store, place } = open(folder.path);
    using _store = store;
    const deletion = deletionOf(store, { filters: ["a"] });
    for (let steps = 1; steps < 40; steps += 3) {
      carryOut(store, place, { kind: "hide", deletion }, steps);
    }
    carryOut(store, place, { kind: "hide", deletion });
    expect(await readNumbers(place)).toEqual([2, 4, 6]);
    for (let steps = 1; steps < 40; steps += 3) {
      carryOut(store, place, { kind: "restore", deletion }, steps);
    }
    carryOut(store, place, { kind: "restore", deletion });
    expect(await readNumbers(place)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("keeps out of sight what another deletion means, too", async () => {
    using folder = temporaryFolder();
    const { store, place } = open(folder.path);
    using _store = store;
    const all = deletionOf(store, { id: "all" });
    const some = deletionOf(store, { id: "some", filters: ["a"], state: "hidden" });
    carryOut(store, place, { kind: "hide", deletion: all });
    carryOut(store, place, { kind: "hide", deletion: some });
    carryOut(store, place, { kind: "restore", deletion: all, others: [some] });
    expect(await readNumbers(place)).toEqual([2, 4, 6]);
    carryOut(store, place, { kind: "restore", deletion: some });
    expect(await readNumbers(place)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("overwrites the bytes of what is gone for good", async () => {
    using folder = temporaryFolder();
    const { store, place } = open(folder.path);
    using _store = store;
    const secret = "the-secret-payload";
    store.append(
      Array.from({ length: 3_000 }, (_, index) => ({
        ...numbered(7 + index),
        topic: index % 3 === 0 ? "a" : "b",
        payload: Buffer.from(index % 3 === 0 ? `${secret} ${index}` : "kept"),
      })),
    );
    if (store.kind === "folder") store.rotate(START_US + 3 * DAY_US);
    const deletion = deletionOf(store, { filters: ["a"] });
    expect(carryOut(store, place, { kind: "hide", deletion })).toBe(1_003);
    expect(carryOut(store, place, { kind: "remove", deletion })).toBe(1_003);
    const files =
      store.kind === "folder" ? store.segments().map(({ file }) => file) : [fileOf(place)];
    expect(files.filter((file) => holdsBytes(file, secret))).toEqual([]);
    expect(carryOut(store, place, { kind: "restore", deletion })).toBe(0);
    expect(count(place, store).rows).toBe(2_003);
  });

  test("leaves the ledger as it is", () => {
    using folder = temporaryFolder();
    const { store, place } = open(folder.path);
    using _store = store;
    store.append([outboxReading(1), outboxReading(2)]);
    const receipt = store.receiptOf("kitchen");
    const deletion = deletionOf(store);
    carryOut(store, place, { kind: "hide", deletion });
    carryOut(store, place, { kind: "remove", deletion });
    expect(store.receiptOf("kitchen")).toEqual(receipt);
    expect(store.append([outboxReading(2)]).filed).toEqual(["duplicate"]);
  });
});

function fileOf(place: StreamPlace): string {
  if (place.kind === "file") return place.file;
  throw new Error("it is a folder");
}

describe("a deletion", () => {
  test("raises the generation when rows vanish and when they come back", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append(numberedRows(1, 3));
    const place = { kind: "file", file } as const;
    const deletion = deletionOf(store);
    const generations = [null, "hide", "restore"].map((kind) => {
      if (kind === "hide" || kind === "restore") carryOut(store, place, { kind, deletion });
      using reader = openReader(file);
      return reader?.state().generation;
    });
    expect(generations).toEqual([0, 1, 2]);
  });

  test("writes into a finished segment only where it has something to do, and that is finished again", async () => {
    using folder = temporaryFolder();
    using store = openData(folder.path);
    for (const [index, topic] of ["a", "b", "c"].entries()) {
      store.append(numberedRows(index * 500 + 1, index * 500 + 500, topic));
      store.rotate(START_US + (index + 1) * DAY_US);
    }
    await finishAll(store.unfinished());
    const states = (): string[] => store.segments().map(({ state }) => state);
    expect(states()).toEqual(["finished", "finished", "finished", "live"]);
    const place = { kind: "folder", folder: folder.path } as const;
    const deletion = deletionOf(store, { filters: ["b"] });
    expect(carryOut(store, place, { kind: "hide", deletion })).toBe(500);
    expect(states()).toEqual(["finished", "sealed", "finished", "live"]);
    await finishAll(store.unfinished());
    expect(states()).toEqual(["finished", "finished", "finished", "live"]);
    const before = statSync(store.segments()[1]?.file ?? "").size;
    expect(carryOut(store, place, { kind: "remove", deletion })).toBe(500);
    await finishAll(store.unfinished());
    expect(statSync(store.segments()[1]?.file ?? "").size).toBeLessThan(before);
    expect((await readNumbers(place)).length).toBe(1_000);
  });

  test("goes on in a segment that was closed meanwhile", async () => {
    using folder = temporaryFolder();
    using store = openData(folder.path);
    store.append(numberedRows(1, 5_000));
    const deletion = deletionOf(store, { toUs: START_US + 4_001 * SECOND_US });
    const place = { kind: "folder", folder: folder.path } as const;
    const segment = { name: store.end().segment, file: store.liveFile() };
    {
      using task = store.openRowsTask(segment, { kind: "hide", deletion, others: [] });
      expect(task.step(() => true).isDone).toBe(false);
      for (let rows = 0; rows === 0; ) ({ rows } = task.step(() => true));
      store.rotate(START_US + DAY_US);
      expect(task.isCurrent()).toBe(false);
    }
    carryOut(store, place, { kind: "hide", deletion });
    expect(await readNumbers(place)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => 4_001 + index),
    );
    expect(query(segment.file, "SELECT rows, is_done FROM hiding")).toEqual([
      { rows: 4_000, is_done: 1 },
    ]);
  });

  test("has its hidden rows grow old as the others do", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append(numberedRows(1, 10));
    const place = { kind: "file", file } as const;
    const deletion = deletionOf(store, { toUs: START_US + 8 * SECOND_US });
    carryOut(store, place, { kind: "hide", deletion });
    const limits = { futureUs: 2 * START_US, rowsMax: 100 };
    expect(store.prune({ ...limits, cutoffUs: START_US + 5 * SECOND_US })).toEqual({
      rows: 4,
      more: false,
    });
    expect(carryOut(store, place, { kind: "restore", deletion })).toBe(3);
    expect(store.prune({ ...limits, cutoffUs: START_US + 9 * SECOND_US }).rows).toBe(4);
  });
});
