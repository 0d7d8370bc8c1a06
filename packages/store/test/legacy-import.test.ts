import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { openReader } from "@weir/store";
import {
  canMountSmallDisk,
  mountSmallDisk,
  openTestStore,
  readingAt,
  START_US,
  temporaryFolder,
} from "@weir/testkit";
import Sqlite from "better-sqlite3";

/** A database as the old subscriber made it. */
function makeLegacyFile(file: string, rows: readonly (readonly [unknown, unknown])[]): void {
  const database = new Sqlite(file);
  database.exec("CREATE TABLE messages (number INTEGER, epochtime INTEGER)");
  const insert = database.prepare("INSERT INTO messages VALUES (?, ?)");
  for (const row of rows) insert.run(...row);
  database.close();
}

function messagesOf(file: string): unknown[] {
  const database = new Sqlite(file, { readonly: true });
  const rows = database.prepare("SELECT number, epochtime FROM messages").raw().all();
  database.close();
  return rows;
}

const START_SECONDS = START_US / 1e6;

describe("a file of the old system", () => {
  test("becomes a store of the same name, with the same rows", () => {
    using folder = temporaryFolder();
    const file = folder.file("test.db");
    const rows = [
      [42, START_SECONDS - 100],
      [7, START_SECONDS - 50],
    ] as const;
    makeLegacyFile(file, rows);
    using store = openTestStore(file);
    expect(store.imported).toEqual({ rows: 2, original: `${file}.original` });
    expect(messagesOf(file)).toEqual(rows);
    expect(store.append([readingAt(START_US)]).lastId).toBe(3);
  });

  test("is kept as it was", () => {
    using folder = temporaryFolder();
    const file = folder.file("test.db");
    makeLegacyFile(file, [[42, START_SECONDS]]);
    openTestStore(file)[Symbol.dispose]();
    expect(messagesOf(`${file}.original`)).toEqual([[42, START_SECONDS]]);
  });

  test("is imported once", () => {
    using folder = temporaryFolder();
    const file = folder.file("test.db");
    makeLegacyFile(file, [[42, START_SECONDS]]);
    openTestStore(file)[Symbol.dispose]();
    using store = openTestStore(file);
    expect(store.imported).toBeNull();
    expect(readdirSync(folder.path).sort()).toEqual([
      "test.db",
      "test.db-shm",
      "test.db-wal",
      "test.db.ballast",
      "test.db.lock",
      "test.db.original",
    ]);
  });

  test("is imported whole after an import that was killed in the middle", () => {
    using folder = temporaryFolder();
    const file = folder.file("test.db");
    makeLegacyFile(file, [[42, START_SECONDS]]);
    makeLegacyFile(`${file}.importing`, [[0, 0]]);
    using store = openTestStore(file);
    expect(store.imported?.rows).toBe(1);
    expect(existsSync(`${file}.importing`)).toBe(false);
  });

  (canMountSmallDisk() ? test : test.skip)(
    "for which the disk is too full leaves nothing of a store behind",
    () => {
      using disk = mountSmallDisk();
      const file = join(disk.path, "test.db");
      const rows = Array.from({ length: 10_000 }, (_, index) => [index, START_SECONDS] as const);
      makeLegacyFile(file, rows);
      disk.fillBut(200 * 1_024);
      expect(() => openTestStore(file)).toThrow(/disk is full/);
      expect(readdirSync(disk.path).sort()).toEqual(["filler", "test.db", "test.db.lock"]);
      disk.free();
      using store = openTestStore(file);
      expect(store.imported?.rows).toBe(rows.length);
    },
  );

  test("with rubbish in it loses none of its rows", () => {
    using folder = temporaryFolder();
    const file = folder.file("test.db");
    makeLegacyFile(file, [
      [null, null],
      ["many", "soon"],
      [1e300, START_SECONDS],
      [5, START_SECONDS + 1e9],
    ]);
    using store = openTestStore(file);
    expect(store.size().rows).toBe(4);
    using reader = openReader(file);
    expect(reader?.readAfter(0, 10).readings).toEqual([{ observedUs: START_US, value: 5 }]);
  });

  test("in WAL mode brings along what is only in its journal", () => {
    using folder = temporaryFolder();
    const file = folder.file("test.db");
    const legacy = new Sqlite(file);
    legacy.pragma("journal_mode = WAL");
    legacy.exec("CREATE TABLE messages (number INTEGER, epochtime INTEGER)");
    legacy.exec(`INSERT INTO messages VALUES (42, ${START_SECONDS})`);
    legacy.close();
    using store = openTestStore(file);
    expect(store.imported?.rows).toBe(1);
  });
});
