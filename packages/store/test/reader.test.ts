import { existsSync, readdirSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { openReader, type StoreReader } from "@weir/store";
import { openTestStore, readingAt, rowOf, START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";

function mustOpen(file: string): StoreReader {
  const reader = openReader(file);
  if (reader === null) throw new Error(`no store at ${file}`);
  return reader;
}

const OPEN_FILES = "/proc/self/fd";

function openFiles(): string[] {
  return readdirSync(OPEN_FILES).flatMap((descriptor) => {
    try {
      return [readlinkSync(join(OPEN_FILES, descriptor))];
    } catch {
      // The one that the folder was read with.
      return [];
    }
  });
}

describe("a reader", () => {
  test("finds no store where there is no file, or a file that is not one yet", () => {
    using folder = temporaryFolder();
    expect(openReader(folder.file("missing.db"))).toBeNull();
    new Sqlite(folder.file("old.db")).exec("CREATE TABLE messages (number, epochtime)").close();
    expect(openReader(folder.file("old.db"))).toBeNull();
  });

  test("of a file that SQLite cannot read leaves nothing open", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    writeFileSync(file, Buffer.alloc(8_192, "SQLite format 3\0"));
    expect(() => openReader(file)).toThrow();
    // Where the system does not list open files, it at least refuses to remove one (Windows).
    if (existsSync(OPEN_FILES)) expect(openFiles()).not.toContain(file);
  });

  test("notices each commit once", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    using reader = mustOpen(folder.file("weir.db"));
    expect([reader.hasChanged(), reader.hasChanged()]).toEqual([true, false]);
    store.append([readingAt(START_US)]);
    expect([reader.hasChanged(), reader.hasChanged()]).toEqual([true, false]);
  });

  test("reads rows after a cursor, and moves it past those without a reading", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    store.append([readingAt(START_US, 7), rowOf("rubbish"), readingAt(START_US, 8), rowOf("")]);
    using reader = mustOpen(folder.file("weir.db"));
    expect(reader.readAfter(0, 3)).toEqual({
      lastId: 3,
      more: true,
      readings: [
        { observedUs: START_US, value: 7 },
        { observedUs: START_US, value: 8 },
      ],
    });
    expect(reader.readAfter(3, 3)).toEqual({ lastId: 4, more: false, readings: [] });
    expect(reader.readAfter(4, 3)).toEqual({ lastId: 4, more: false, readings: [] });
  });

  test("sums readings up by the second of their observation", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const second = START_US / 1e6;
    store.append([
      readingAt(START_US, 1),
      readingAt(START_US + 999_999, 5),
      readingAt(START_US + 1_000_000, 9),
    ]);
    using reader = mustOpen(folder.file("weir.db"));
    const range = { afterId: 0, throughId: 2, afterSecond: second - 1 };
    expect(reader.summarizeSeconds(range)).toEqual([{ second, count: 2, sum: 6, min: 1, max: 5 }]);
    expect(reader.summarizeSeconds({ ...range, throughId: 3, afterSecond: second })).toEqual([
      { second: second + 1, count: 1, sum: 9, min: 9, max: 9 },
    ]);
  });

  test("knows when another file has replaced the one that it reads", () => {
    using folder = temporaryFolder();
    using _store = openTestStore(folder.file("weir.db"));
    using _other = openTestStore(folder.file("other.db"));
    using reader = mustOpen(folder.file("weir.db"));
    expect(reader.isCurrent()).toBe(true);
    renameSync(folder.file("other.db"), folder.file("weir.db"));
    expect(reader.isCurrent()).toBe(false);
  });

  test("cannot write", () => {
    using folder = temporaryFolder();
    using _store = openTestStore(folder.file("weir.db"));
    const database = new Sqlite(folder.file("weir.db"), { readonly: true });
    expect(() => database.exec("DELETE FROM rows")).toThrow("readonly");
    database.close();
  });
});
