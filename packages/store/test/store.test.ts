import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { faultOf, openTestStore, readingAt, rowOf, START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { query } from "./fixture.ts";

describe("a store", () => {
  test("that is up to date is opened without writing anything", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    {
      using store = openTestStore(file);
      store.append([readingAt(START_US)]);
    }
    using _store = openTestStore(file);
    expect(statSync(`${file}-wal`).size).toBe(0);
  });

  test("is no folder, and leaves nothing beside one", () => {
    using folder = temporaryFolder();
    const path = folder.file("data");
    mkdirSync(path);
    const fault = faultOf(() => openTestStore(path));
    expect(fault.message).toBe(`DB_FILE: ${path} is a folder, not a file`);
    expect(readdirSync(folder.path)).toEqual(["data"]);
  });

  test("is neither a pipe nor a device, which would keep it waiting", () => {
    using folder = temporaryFolder();
    const pipe = folder.file("pipe");
    execFileSync("mkfifo", [pipe]);
    for (const [path, kind] of [
      [pipe, "a pipe (FIFO)"],
      ["/dev/null", "a device"],
    ] as const) {
      const fault = faultOf(() => openTestStore(path));
      expect(fault.message).toBe(`DB_FILE: ${path} is ${kind}, not a file`);
      expect(fault.remedy).toContain("name another place in DB_FILE");
      expect(fault.exitCode).toBe(78);
    }
    expect(readdirSync(folder.path)).toEqual(["pipe"]);
  });

  test("lies on a disk, not where the kernel shows its state", () => {
    using folder = temporaryFolder();
    symlinkSync("/proc", folder.file("link"));
    for (const path of ["/proc/weir/weir.db", "/sys/weir.db", folder.file("link/a/weir.db")]) {
      const fault = faultOf(() => openTestStore(path));
      expect(fault.message).toMatch(/^DB_FILE: no file can be made in .*: the kernel shows/);
      expect(fault.remedy).toBe("Name a place on a disk in DB_FILE.");
      expect(fault.exitCode).toBe(78);
    }
  });

  test("shows users of the old system their table, users of Attic theirs", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append([rowOf('{"number":42,"epochtime":"1767225600"}'), rowOf("rubbish")]);
    store.append([rowOf('{"number":1.5,"epochtime":"1767225601"}')]);

    expect(query(file, "SELECT * FROM messages")).toEqual([
      { number: 42, epochtime: 1_767_225_600 },
      { number: 1.5, epochtime: 1_767_225_601 },
    ]);
    expect(query(file, "SELECT * FROM data LIMIT 1 OFFSET 1")).toEqual([
      { reception_timestamp: START_US, topic: "DATA", payload: Buffer.from("rubbish") },
    ]);
  });

  test("keeps what did not parse, with the reason in words", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append([rowOf("rubbish")]);
    expect(query(file, "SELECT payload, kind, reason, value FROM explained")).toEqual([
      { payload: "rubbish", kind: "rejected", reason: "not JSON", value: null },
    ]);
  });

  test("names flags and deletions in explained", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append([
      rowOf('{"number":1,"epochtime":12345}'),
      rowOf('{"number":1,"epochtime":"2026-01-01T00:00:00"}'),
      rowOf('{"number":1,"epochtime":"2026-01-01T00:00:00Z","x":NaN}'),
      rowOf(""),
    ]);
    const value = 1;
    expect(query(file, "SELECT kind, reason, value FROM explained ORDER BY id")).toEqual([
      { kind: "flagged", reason: "time before 2001: a clock that was never set", value },
      { kind: "flagged", reason: "time without a zone", value },
      { kind: "flagged", reason: "NaN or infinity in JSON", value },
      { kind: "deletion", reason: "empty message", value: null },
    ]);
  });

  test("writes more rows than one statement takes, in order", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const rows = Array.from({ length: 150 }, (_, index) => readingAt(START_US + index, index));
    expect(store.append(rows).lastId).toBe(150);
    expect(query(folder.file("weir.db"), "SELECT id FROM rows WHERE value <> id - 1")).toEqual([]);
  });

  test("writes all rows of a batch or none, and goes on with the same ids", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    const impossible = { ...readingAt(START_US), receivedUs: 0.5 };
    expect(() => store.append([readingAt(START_US), impossible])).toThrow("cannot be written");
    expect(store.append([readingAt(START_US)]).lastId).toBe(1);
    expect(
      query(file, "SELECT count(*) AS n, (SELECT topic FROM topics) AS topic FROM rows"),
    ).toEqual([{ n: 1, topic: "DATA" }]);
  });

  test("goes on with its ids after it was closed and opened", () => {
    using folder = temporaryFolder();
    {
      using store = openTestStore(folder.file("weir.db"));
      store.append([readingAt(START_US)]);
    }
    using store = openTestStore(folder.file("weir.db"));
    expect(store.append([readingAt(START_US)]).lastId).toBe(2);
  });

  test("has one writer: a second one is refused with a remedy", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using _first = openTestStore(file);
    const fault = faultOf(() => openTestStore(file));
    expect(fault.message).toBe(`another logger is writing ${file}`);
    expect(fault.exitCode).toBe(75);
  });

  test("frees its lock when it is closed", () => {
    using folder = temporaryFolder();
    openTestStore(folder.file("weir.db"))[Symbol.dispose]();
    using store = openTestStore(folder.file("weir.db"));
    expect(store.size().rows).toBe(0);
  });

  test("makes the folders on its way", () => {
    using folder = temporaryFolder();
    using _store = openTestStore(folder.file("a/b/weir.db"));
    expect(existsSync(folder.file("a/b/weir.db"))).toBe(true);
  });

  test.each([
    ["a text file", (file: string) => writeFileSync(file, "not a database, but long enough")],
    [
      "another program's database",
      (file: string) => new Sqlite(file).exec("CREATE TABLE theirs (x)").close(),
    ],
    [
      "a store of a newer version",
      (file: string) => {
        openTestStore(file)[Symbol.dispose]();
        new Sqlite(file).exec("PRAGMA user_version = 999").close();
      },
    ],
  ])("leaves %s as it is, and says so", (_, make) => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    make(file);
    const fault = faultOf(() => openTestStore(file));
    expect(fault.message).toContain(file);
    expect(fault.exitCode).toBe(78);
  });

  test("that cannot be made names the folder and the remedy", () => {
    using folder = temporaryFolder();
    mkdirSync(folder.file("weir.db"));
    const fault = faultOf(() => openTestStore(folder.file("weir.db")));
    expect(fault.remedy).toContain("DB_FILE");
  });
});
