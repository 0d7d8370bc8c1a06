import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import {
  type FileStore,
  openReader,
  openSegmentedStore,
  openStore,
  pruneLimits,
  type SegmentedStore,
} from "@weir/store";
import {
  canMountSmallDisk,
  mountSmallDisk,
  readingAt,
  type SmallDisk,
  START_US,
  temporaryFolder,
} from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { openBallast } from "../src/retention/disk-space.ts";
import { emptyLog } from "../src/segment/segment-file.ts";
import { outboxReading } from "./fixture.ts";

const KIB = 1_024;
const HOUR_US = 3_600_000_000;
const NOW_US = START_US + 2 * HOUR_US;
const BALLAST_BYTES = 512 * KIB;
const ROWS = 2_000;

const old = Array.from({ length: ROWS }, (_, index) => readingAt(START_US, index));
const due = { nowUs: NOW_US, retentionUs: HOUR_US, skewUs: 0, rowsMax: 100_000 };

function openFile(disk: SmallDisk, ballastBytes = BALLAST_BYTES): FileStore {
  return openStore({
    file: join(disk.path, "weir.db"),
    stream: "data",
    legacyTopic: "DATA",
    synchronous: "FULL",
    nowUs: NOW_US,
    skewUs: 0,
    ballastBytes,
  });
}

function openFolder(disk: SmallDisk, ballastBytes = BALLAST_BYTES): SegmentedStore {
  return openSegmentedStore({
    folder: disk.path,
    stream: "data",
    synchronous: "FULL",
    nowUs: START_US,
    ballastBytes,
  });
}

/** Appends until the disk is full. @returns the newest id that was acknowledged. */
function appendUntilFull(store: FileStore | SegmentedStore): number {
  let lastId = 0;
  try {
    for (;;) ({ lastId } = store.append([readingAt(NOW_US, 1)]));
  } catch (error) {
    expect(String(error)).toContain("nothing of it was acknowledged");
  }
  return lastId;
}

function heldBytes(disk: SmallDisk, owner = "weir.db"): number {
  return statSync(join(disk.path, `${owner}.ballast`)).size;
}

const describeOnSmallDisk = canMountSmallDisk() ? describe : describe.skip;

describeOnSmallDisk("a file on a full disk", () => {
  test("is opened, freed of what is due, and written again", () => {
    using disk = mountSmallDisk();
    {
      using store = openFile(disk);
      store.append(old);
      store.append([readingAt(NOW_US, 42)]);
    }
    disk.fillBut(0);
    using store = openFile(disk);
    expect(store.isShortOfSpace()).toBe(true);
    expect(() => store.append(old)).toThrow(/disk is full/);
    expect(store.prune(pruneLimits(due))).toEqual({ rows: ROWS, more: false });
    expect(store.append(old.slice(0, 500)).lastId).toBe(ROWS + 501);
    expect(store.size().rows).toBe(501);
  });

  test("cannot even be opened without the ballast, and says why", () => {
    using disk = mountSmallDisk();
    openFile(disk, 0)[Symbol.dispose]();
    disk.fillBut(0);
    expect(() => openFile(disk, 0)).toThrow(/cannot be opened: the disk is full/);
  });

  test("is freed of what is due when commits have used up the last of the disk", () => {
    using disk = mountSmallDisk();
    using store = openFile(disk);
    store.append(old);
    disk.fillBut(64 * KIB);
    const lastId = appendUntilFull(store);
    expect(store.prune(pruneLimits(due))).toEqual({ rows: ROWS, more: false });
    expect(store.append([readingAt(NOW_US, 2)]).lastId).toBe(lastId + 1);
    using reader = openReader(join(disk.path, "weir.db"));
    expect(reader?.readAfter(0, 100_000).readings).toHaveLength(lastId + 1 - ROWS);
  });

  test("cannot be freed then without the ballast", () => {
    using disk = mountSmallDisk();
    using store = openFile(disk, 0);
    store.append(old);
    disk.fillBut(64 * KIB);
    appendUntilFull(store);
    expect(() => store.prune(pruneLimits(due))).toThrow(/nothing can be removed/);
  });

  test("is no fault of a pass that has nothing to remove, with or without a ballast", () => {
    using disk = mountSmallDisk();
    for (const ballastBytes of [0, BALLAST_BYTES, 64 * BALLAST_BYTES]) {
      using store = openFile(disk, ballastBytes);
      disk.fillBut(64 * KIB);
      appendUntilFull(store);
      expect(store.prune(pruneLimits(due))).toEqual({ rows: 0, more: false });
      disk.free();
    }
  });

  test("leaves to others what they are to have, the ballast not counted", () => {
    using disk = mountSmallDisk();
    using store = openFile(disk);
    for (let round = 0; round < 3; round += 1) store.append(old);
    disk.fillBut(0);
    const limits = { ...due, retentionUs: null, freeDiskBytesMin: 128 * KIB };
    const { rows } = store.prune(pruneLimits(limits));
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(3 * ROWS);
    expect(heldBytes(disk)).toBe(BALLAST_BYTES);
    expect(store.append([readingAt(NOW_US, 1)]).lastId).toBe(3 * ROWS + 1);
  });

  test("keeps the ballast when nothing is due, pass after pass and start after start", () => {
    using disk = mountSmallDisk();
    openFile(disk)[Symbol.dispose]();
    disk.fillBut(0);
    for (let start = 0; start < 5; start += 1) {
      using store = openFile(disk);
      expect(store.prune(pruneLimits(due))).toEqual({ rows: 0, more: false });
      expect(() => store.append(old)).toThrow(/nothing of it was acknowledged/);
      expect(heldBytes(disk)).toBeGreaterThan(BALLAST_BYTES - 64 * KIB);
    }
    disk.free();
    using store = openFile(disk);
    expect(store.isShortOfSpace()).toBe(false);
    expect(heldBytes(disk)).toBe(BALLAST_BYTES);
  });
});

describeOnSmallDisk("a folder on a full disk", () => {
  const limits = { nowUs: NOW_US, ageCutoffUs: START_US + HOUR_US };
  const noMore = { bytesMax: null, freeDiskBytesMin: null };

  test("is opened, freed of what is due, and written again", async () => {
    using disk = mountSmallDisk();
    {
      using store = openFolder(disk);
      store.append(old);
      store.rotate(START_US + 1);
      store.append([outboxReading(1)]);
    }
    disk.fillBut(0);
    expect(() => openFolder(disk, 0)).toThrow(/cannot be opened: the disk is full/);
    using store = openFolder(disk);
    expect((await store.removeOldest({ ...limits, ...noMore })).files).toHaveLength(1);
    expect(store.append([outboxReading(1), outboxReading(2)]).filed).toEqual(["duplicate", "new"]);
  });

  test("begins the next segment, so that the live one can grow old", () => {
    using disk = mountSmallDisk();
    using store = openFolder(disk);
    store.append([outboxReading(1)]);
    disk.fillBut(0);
    const { live } = store.rotate(NOW_US);
    expect(store.liveFile()).toBe(live);
    expect(heldBytes(disk, "stream")).toBeGreaterThan(BALLAST_BYTES / 2);
  });
});

describe("a ballast", () => {
  test("takes up space that a file system cannot compress away", () => {
    using folder = temporaryFolder();
    openBallast(folder.file("weir.db"), BALLAST_BYTES);
    const { size, blocks } = statSync(folder.file("weir.db.ballast"));
    expect(size).toBe(BALLAST_BYTES);
    if (process.platform === "linux") expect(blocks * 512).toBeGreaterThanOrEqual(BALLAST_BYTES);
  });

  test("is not made where it would leave less than itself", () => {
    using folder = temporaryFolder();
    const ballast = openBallast(folder.file("weir.db"), Number.MAX_SAFE_INTEGER / 4);
    expect(ballast.isShort()).toBe(true);
    expect(existsSync(folder.file("weir.db.ballast"))).toBe(false);
  });

  test("may be removed by an operator who needs its space, and is made again once there is some", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db.ballast");
    const ballast = openBallast(folder.file("weir.db"), BALLAST_BYTES);
    rmSync(file);
    const full = () => {
      throw Object.assign(new Error("no space"), { code: "SQLITE_FULL" });
    };
    expect(() => ballast.lendOnFailure(full)).toThrow("no space");
    expect(existsSync(file)).toBe(false);
    ballast.keep();
    expect(statSync(file).size).toBe(BALLAST_BYTES);
  });

  test("is left to who writes there when its folder has gone", () => {
    using folder = temporaryFolder();
    const owner = join(folder.path, "logs", "weir.db");
    mkdirSync(join(folder.path, "logs"));
    const ballast = openBallast(owner, BALLAST_BYTES);
    rmSync(join(folder.path, "logs"), { recursive: true });
    expect(ballast.lendOnFailure(() => "done")).toBe("done");
    expect(ballast.lendWhenShort(() => "done")).toBe("done");
  });

  test("is left alone while what deletes does so by itself", () => {
    using folder = temporaryFolder();
    const ballast = openBallast(folder.file("weir.db"), BALLAST_BYTES);
    const made = statSync(folder.file("weir.db.ballast"));
    expect(ballast.lendOnFailure((shortage) => shortage)).toBeNull();
    const broken = () => {
      throw new Error("something else");
    };
    expect(() => ballast.lendOnFailure(broken)).toThrow("something else");
    expect(statSync(folder.file("weir.db.ballast")).mtimeMs).toBe(made.mtimeMs);
  });
});

describe("a write-ahead log", () => {
  test("is emptied as far as its readers allow, without waiting for them", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    const busyMs = 20_000;
    using open = new DisposableStack();
    const connect = () => open.adopt(new Sqlite(file), (database) => database.close());
    const writer = connect();
    writer.pragma("journal_mode = WAL");
    writer.pragma(`busy_timeout = ${busyMs}`);
    writer.exec("CREATE TABLE row (id INTEGER)");
    const reader = connect();
    reader.exec("BEGIN; SELECT * FROM row");
    writer.exec("INSERT INTO row VALUES (1)");
    const startMs = performance.now();
    emptyLog(writer);
    expect(performance.now() - startMs).toBeLessThan(busyMs);
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
    expect(writer.pragma("busy_timeout", { simple: true })).toBe(busyMs);

    reader.exec("COMMIT");
    emptyLog(writer);
    expect(statSync(`${file}-wal`).size).toBe(0);
  });
});
