import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, jest, test } from "@jest/globals";
import { READ_TRANSACTION_MS_MAX, readRange, rowIdOf } from "@weir/store";
import { eventually, openTestStore, START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import {
  numbered,
  numberedRows,
  numbersOf,
  openDevices,
  readAll,
  SECOND_US,
} from "./range-fixture.ts";

/** Whether everything in the log is in the file, and the log can start over. */
function checkpoint(database: Sqlite.Database): boolean {
  const [result] = database.pragma("wal_checkpoint(TRUNCATE)") as { busy: number; log: number }[];
  return result?.busy === 0 && result.log === 0;
}

/** Writes copies of the first row behind the last, many at once. */
function multiplyRow(file: string, count: number): void {
  const database = new Sqlite(file);
  database.pragma("synchronous = OFF");
  database
    .prepare(
      `WITH RECURSIVE copies (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies LIMIT ?)
       INSERT INTO rows SELECT 1000 + n, received_us, topic_id, x'', qos, retained, outcome, null, null
       FROM copies, rows WHERE id = 1`,
    )
    .run(count);
  database.close();
}

/** Another connection of the process that writes. It does not wait for the disk, so that it shows who does wait. */
function openWriter(file: string): Sqlite.Database {
  const database = new Sqlite(file, { timeout: 0 });
  database.pragma("synchronous = OFF");
  return database;
}

/** A clock for which each look takes so long. */
function stepPerformanceNow(stepMs: number): Disposable {
  let nowMs = 0;
  const clock = jest.spyOn(performance, "now").mockImplementation(() => {
    nowMs += stepMs;
    return nowMs;
  });
  return { [Symbol.dispose]: () => clock.mockRestore() };
}

describe("a reader that takes its time", () => {
  test("holds nothing that a checkpoint would wait for", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append(numberedRows(1, 9_000));
    const pages = readRange({ kind: "file", file });
    await pages.next();
    store.append([numbered(9_001)]);
    const writer = openWriter(file);
    expect(checkpoint(writer)).toBe(true);
    writer.close();
    await pages.return();
  });

  test("lets go of a file, so that its segment can be finished", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    store.append(numberedRows(1, 9_000));
    const pages = readRange({ kind: "folder", folder: folder.path });
    const first = await pages.next();
    const { sealed } = store.rotate(START_US + 9_001 * SECOND_US);
    await eventually(() => {
      const finalizer = openWriter(sealed);
      try {
        return finalizer.pragma("journal_mode = DELETE", { simple: true }) === "delete";
      } catch {
        return false;
      } finally {
        finalizer.close();
      }
    });
    const rest = await pages.next();
    // A page ends at its time limit, too: where the machine is slow it has fewer rows.
    const [next] = numbersOf(rest.value?.messages ?? []);
    expect(next).toBe(numbersOf(first.value?.messages ?? []).length + 1);
    await pages.return();
  });

  test("waits for a segment that another process has locked for a moment", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    store.append(numberedRows(1, 10));
    const { sealed } = store.rotate(START_US + 11 * SECOND_US);
    const finalizer = openWriter(sealed);
    finalizer.pragma("journal_mode = DELETE");
    finalizer.exec("BEGIN EXCLUSIVE");
    const reading = readAll({ kind: "folder", folder: folder.path });
    // Longer than SQLite itself would wait.
    await pause(200);
    finalizer.exec("COMMIT");
    finalizer.close();
    expect((await reading).messages).toHaveLength(10);
  });
});

describe("a reader that finds nothing", () => {
  test("passes by the rows in many transactions", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    for (let from = 0; from < 60_000; from += 1_000) {
      store.append(numberedRows(from, from + 999));
    }
    store.append([numbered(60_000, 60_000, "rare")]);
    const { pages, messages } = await readAll({ kind: "file", file }, { filters: ["rare"] });
    expect(messages).toHaveLength(1);
    expect(pages.length).toBeGreaterThan(3);
  });

  test("looks at 131,072 rows at most in a transaction, and lets the log start over behind each", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append([numbered(1), numbered(2, 2, "rare")]);
    multiplyRow(file, 600_000);
    const writer = openWriter(file);
    const looked: number[] = [];
    let throughId = 0;
    for await (const { cursor } of readRange({ kind: "file", file }, { filters: ["rare"] })) {
      looked.push(rowIdOf(cursor) - throughId);
      throughId = rowIdOf(cursor);
      writer.exec("UPDATE segment SET generation = generation + 1");
      expect(checkpoint(writer)).toBe(true);
    }
    writer.close();
    expect(throughId).toBeGreaterThan(600_000);
    expect(Math.max(...looked)).toBeLessThanOrEqual(131_072);
  });

  test("looks at fewer rows in a transaction where they take long", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append([...numberedRows(1, 6_000), numbered(6_001, 6_001, "rare")]);
    // More than a quarter of the time that a transaction may take.
    using _clock = stepPerformanceNow(READ_TRANSACTION_MS_MAX / 3);
    const { pages } = await readAll({ kind: "file", file }, { filters: ["rare"] });
    const through = pages.map(({ cursor }) => rowIdOf(cursor));
    const looked = through.map((id, index) => id - (through[index - 1] ?? 0));
    expect(looked.slice(0, 5)).toEqual([4_096, 1_024, 256, 64, 64]);
  });
});

describe("a reader that finds much", () => {
  test("ends a transaction early where its rows take long", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append(numberedRows(1, 900));
    using _clock = stepPerformanceNow(READ_TRANSACTION_MS_MAX / 3);
    const { pages, messages } = await readAll({ kind: "file", file });
    expect(messages).toHaveLength(900);
    // It looks at the clock after every 32 rows; the second look is beyond half of the time.
    expect(Math.max(...pages.map((page) => page.messages.length))).toBe(64);
  });
});
