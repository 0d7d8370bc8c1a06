import { chmodSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { startSegmentFinalizer } from "@weir/store";
import { createFakeClock, eventually, overwrite, START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { archiveOf } from "../../src/archive/archive-name.ts";
import { archiveSegment } from "../../src/rotation/archive-segment.ts";
import {
  numberedRows,
  numbersOf,
  openDevices,
  readAll,
  readNumbers,
  SECOND_US,
} from "../range-fixture.ts";
import { fillSegments } from "./fixture.ts";

const fromTo = (from: number, through: number): number[] =>
  Array.from({ length: through - from + 1 }, (_, index) => from + index);

/** Rows that zstd cannot make small: a page of them has more data than headers. */
const fill = (folder: string): string[] =>
  fillSegments(folder, [numberedRows(0, 999), numberedRows(1_000, 1_999), []]);

describe("a damaged segment", () => {
  test("stays as it is, is reported once, and keeps no other from being archived", async () => {
    using folder = temporaryFolder();
    const [damaged = "", first = "", second = ""] = fill(folder.path);
    chmodSync(damaged, 0o644);
    overwrite(damaged, 8_192, 16_384);
    chmodSync(damaged, 0o444);
    const bytes = readFileSync(damaged);

    const clock = createFakeClock();
    const unfinished: object[] = [];
    const archived: string[] = [];
    await using finalizer = startSegmentFinalizer({
      clock,
      onFinished: () => {},
      onUnfinished: (one) => unfinished.push(one),
    });
    const archive = (file: string) => finalizer.archive(file, () => archived.push(file));
    archive(damaged);
    // As each look of the logger does it.
    archive(damaged);
    archive(first);
    await eventually(() => archived.length === 1);
    archive(damaged);
    clock.advance(7_200_000);
    archive(second);
    await eventually(() => archived.length === 2);

    expect(archived).toEqual([first, second]);
    expect(unfinished).toEqual([
      {
        file: damaged,
        task: "archive",
        kind: "damaged",
        reason: expect.stringContaining("malformed"),
        retryMs: null,
      },
    ]);
    expect(readFileSync(damaged)).toEqual(bytes);
  });

  test("is one of which a topic is missing: its rows cannot be read", async () => {
    using folder = temporaryFolder();
    const [file = ""] = fill(folder.path);
    chmodSync(file, 0o644);
    new Sqlite(file).exec("DELETE FROM topics").close();
    chmodSync(file, 0o444);
    expect(() => archiveSegment(file)).toThrow("of 1000 rows only 0 can be read");
  });
});

describe("a damaged archive", () => {
  const damages: [string, (file: string) => void][] = [
    ["is cut", (file) => truncateSync(file, readFileSync(file).length - 100)],
    ["is empty", (file) => truncateSync(file, 0)],
    ["is something else", (file) => writeFileSync(file, "rubbish".repeat(1_000))],
    ["has a changed bit in its payloads", (file) => changeBit(file, readFileSync(file).length / 2)],
  ];

  test.each(damages)(
    "that %s is skipped and named, and reading goes on behind it",
    async (_, damage) => {
      using folder = temporaryFolder();
      const place = { kind: "folder", folder: folder.path } as const;
      const [first = ""] = fill(folder.path);
      archiveSegment(first);
      expect(await readNumbers(place)).toEqual(fromTo(0, 1_999));
      damage(archiveOf(first));
      const { messages, pages } = await readAll(place);
      expect(numbersOf(messages)).toEqual(fromTo(1_000, 1_999));
      expect(pages.flatMap(({ skipped }) => skipped)).toEqual([
        {
          segment: basename(first),
          kind: "unreadable",
          reason: expect.stringContaining(`${archiveOf(first)} cannot be read: `),
        },
      ]);
      // The logger goes on, too.
      using store = openDevices(folder.path);
      expect(store.segments().map(({ state }) => state)[0]).toBe("archived");
    },
  );

  test("is never read as something else, whichever bit of its footer has changed", async () => {
    using folder = temporaryFolder();
    const place = { kind: "folder", folder: folder.path } as const;
    const [first = ""] = fill(folder.path);
    archiveSegment(first);
    const query = { toUs: START_US + 1_000 * SECOND_US };
    const { messages: all } = await readAll(place, query);
    const archive = archiveOf(first);
    const bytes = readFileSync(archive);
    const footerBytes = bytes.readUInt32LE(bytes.length - 8);
    const trailerAt = bytes.length - 8 - footerBytes - 12;
    let named = 0;
    for (let at = trailerAt - bytes.readUInt32LE(trailerAt); at < bytes.length; at += 61) {
      changeBit(archive, at);
      const { messages, skipped } = await readAll(place, query);
      if (skipped.length > 0) named += 1;
      else expect(messages).toEqual(all);
      writeFileSync(archive, bytes);
    }
    expect(named).toBeGreaterThan(2);
  });
});

/** Changes one bit of a file. */
function changeBit(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
  writeFileSync(file, bytes);
}
