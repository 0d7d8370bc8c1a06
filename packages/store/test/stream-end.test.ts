import { rmSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { lastPosition, type RowPosition, readRange, type StreamPlace } from "@weir/store";
import { lockByAnother, overwrite, START_US, temporaryFolder } from "@weir/testkit";
import { makeSegment } from "../src/rotation/make-segment.ts";
import { DAY_US, openData, outboxReading } from "./fixture.ts";

const BEHIND = "2026-01-02/data-20260102T000000.000000Z.db";
const nameOf = (file: string): string => file.split("/").at(-1) as string;

/** The numbers of the rows up to one. */
async function numbersThrough(place: StreamPlace, through: RowPosition): Promise<number[]> {
  const pages = await Array.fromAsync(readRange(place, { through }));
  return pages.flatMap(({ messages }) => messages.map(({ value }) => value ?? Number.NaN));
}

describe("the last row of a stream", () => {
  test("is none while nothing is stored, and then the newest one", async () => {
    using folder = temporaryFolder();
    const place = { kind: "folder", folder: folder.path } as const;
    expect(await lastPosition(place)).toBeNull();
    using store = openData(folder.path);
    const segment = nameOf(store.liveFile());
    expect(await lastPosition(place)).toEqual({ segment, id: 0 });
    store.append([1, 2].map((seq) => outboxReading(seq)));
    expect(await lastPosition(place)).toEqual({ segment, id: 2 });
    store.rotate(START_US + DAY_US);
    expect(await lastPosition(place)).toEqual({ segment: nameOf(BEHIND), id: 2 });
  });

  test("is not in a segment whose rotation may still be undone", async () => {
    using folder = temporaryFolder();
    const place = { kind: "folder", folder: folder.path } as const;
    using store = openData(folder.path);
    store.append([outboxReading(1)]);
    makeSegment({
      file: folder.file(BEHIND),
      facts: { stream: "data", createdUs: START_US + DAY_US },
      predecessor: store.liveFile(),
      onStep: () => {},
    });
    expect(await lastPosition(place)).toEqual({ segment: nameOf(store.liveFile()), id: 1 });
  });

  test("is before a segment that is damaged", async () => {
    using folder = temporaryFolder();
    const place = { kind: "folder", folder: folder.path } as const;
    {
      using store = openData(folder.path);
      store.append([outboxReading(1)]);
      store.rotate(START_US + DAY_US);
    }
    overwrite(folder.file(BEHIND), 0, 100);
    expect(await lastPosition(place)).toEqual({ segment: nameOf(BEHIND), id: 0 });
  });

  test("is waited for while another process has the segment to itself", async () => {
    using folder = temporaryFolder();
    const place = { kind: "folder", folder: folder.path } as const;
    let file = "";
    {
      using store = openData(folder.path);
      store.append([outboxReading(1)]);
      file = store.liveFile();
    }
    await using _held = await lockByAnother(file, "PRAGMA locking_mode = EXCLUSIVE", 400);
    expect(await lastPosition(place)).toEqual({ segment: nameOf(file), id: 1 });
  });
});

describe("reading through a row", () => {
  test("ends with it, in the midst of a page, of a segment, and of a stream", async () => {
    using folder = temporaryFolder();
    const place = { kind: "folder", folder: folder.path } as const;
    using store = openData(folder.path);
    store.append([1, 2, 3].map((seq) => outboxReading(seq)));
    const first = nameOf(store.liveFile());
    store.rotate(START_US + DAY_US);
    store.append([4, 5].map((seq) => outboxReading(seq)));
    const second = nameOf(store.liveFile());
    expect(await numbersThrough(place, { segment: first, id: 0 })).toEqual([]);
    expect(await numbersThrough(place, { segment: first, id: 2 })).toEqual([1, 2]);
    expect(await numbersThrough(place, { segment: first, id: 3 })).toEqual([1, 2, 3]);
    expect(await numbersThrough(place, { segment: second, id: 3 })).toEqual([1, 2, 3]);
    expect(await numbersThrough(place, { segment: second, id: 4 })).toEqual([1, 2, 3, 4]);
  });

  test("reads nothing behind it where its segment is gone", async () => {
    using folder = temporaryFolder();
    const place = { kind: "folder", folder: folder.path } as const;
    using store = openData(folder.path);
    store.append([outboxReading(1)]);
    const segment = nameOf(store.liveFile());
    const { sealed } = store.rotate(START_US + DAY_US);
    store.append([outboxReading(2)]);
    rmSync(sealed);
    expect(await numbersThrough(place, { segment, id: 1 })).toEqual([]);
  });
});
