import { spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { openSegmentedStore } from "@weir/store";
import { openTestStore, readingAt, START_US, temporaryFolder } from "@weir/testkit";

const ROWS = 200;

/** What a logger leaves that is killed after so many commits. */
function killAfter(file: string, rows: number): void {
  const script = join(import.meta.dirname, "write-and-die.ts");
  const { signal } = spawnSync(process.execPath, [script, file, String(rows)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  expect(signal).toBe("SIGKILL");
}

function flipBit(file: string, at: number): void {
  const byte = (readFileSync(file)[at] ?? 0) ^ 0x10;
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, Buffer.of(byte), 0, 1, at);
  closeSync(descriptor);
}

describe("a write-ahead log", () => {
  test("with a flipped bit is reported with what was lost, kept, and reported once", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    killAfter(file, ROWS);
    flipBit(`${file}-wal`, Math.floor(readFileSync(`${file}-wal`).length / 2));
    const found = readFileSync(`${file}-wal`);
    {
      using store = openTestStore(file);
      const left = store.size().rows;
      expect(left).toBeLessThan(ROWS);
      // That of the frame itself is one more, if it ended a transaction.
      expect([ROWS - left, ROWS - left - 1]).toContain(store.damagedLog?.commits);
      expect(store.damagedLog?.keptAs).toBe(`${file}-wal.damaged-20260101T000000000Z`);
      expect(readFileSync(store.damagedLog?.keptAs ?? "")).toEqual(found);
    }
    killAfter(file, 3);
    using store = openTestStore(file);
    expect(store.damagedLog).toBeNull();
  });

  test("with a damaged header is reported, too", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    killAfter(file, ROWS);
    flipBit(`${file}-wal`, 12);
    using store = openTestStore(file);
    expect(store.damagedLog?.commits).toBeGreaterThanOrEqual(ROWS);
  });

  test.each([
    ["whole", () => {}],
    ["torn at its end", (log: string) => truncateSync(log, readFileSync(log).length - 1_000)],
    ["torn in its last frame", (log: string) => flipBit(log, readFileSync(log).length - 1_000)],
  ])("that is %s is nothing to report", (_, tear) => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    killAfter(file, ROWS);
    tear(`${file}-wal`);
    using store = openTestStore(file);
    expect(store.damagedLog).toBeNull();
    expect(store.size().rows).toBeGreaterThanOrEqual(ROWS - 1);
  });

  test("that holds frames of an earlier use behind its end is nothing to report", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    // More than SQLite brings into the file by itself: then it begins the log from the front again.
    killAfter(file, 2_000);
    using store = openTestStore(file);
    expect([store.damagedLog, store.size().rows]).toEqual([null, 2_000]);
  });

  test("of a folder's live segment is looked at as well, and three copies are kept at most", () => {
    using folder = temporaryFolder();
    const open = (nowUs: number) =>
      openSegmentedStore({ folder: folder.path, stream: "data", synchronous: "FULL", nowUs });
    open(START_US)[Symbol.dispose]();
    for (let round = 0; round < 5; round += 1) {
      const live = open(START_US);
      const file = live.liveFile();
      live[Symbol.dispose]();
      killAfter(file, 20);
      flipBit(`${file}-wal`, 5_000);
      using store = open(START_US + round * 1_000_000);
      expect(store.damagedLog?.commits).toBeGreaterThan(0);
      expect(store.append([readingAt(START_US)]).filed).toEqual(["unsequenced"]);
    }
    const copies = readdirSync(folder.path, { recursive: true }).filter((name) =>
      String(name).includes("-wal.damaged-"),
    );
    expect(copies).toHaveLength(3);
  });
});
