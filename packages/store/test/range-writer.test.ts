import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { READ_TRANSACTION_MS_MAX, readRange } from "@weir/store";
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

/** For how long a checkpoint is refused because a reader still needs what the log holds. */
function busyMs(database: Sqlite.Database): number {
  let busySinceMs: number | null = null;
  for (;;) {
    const startMs = performance.now();
    if (checkpoint(database)) return busySinceMs === null ? 0 : startMs - busySinceMs;
    busySinceMs ??= startMs;
  }
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

/** For millions of rows that are written, and read. */
const TIMEOUT_MS = 180_000;

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

  test(
    `keeps the writer's log from starting over for no more than ${READ_TRANSACTION_MS_MAX} ms`,
    async () => {
      using folder = temporaryFolder();
      const file = folder.file("weir.db");
      using store = openTestStore(file);
      store.append([numbered(1), numbered(2, 2, "rare")]);
      // In one transaction it would take two or three times as long as it may.
      multiplyRow(file, 4_000_000);

      // It reads again and again, in a separate process, until its input ends.
      const command = fileURLToPath(new URL("range-fixture-reader.ts", import.meta.url));
      const reader = fork(command, [file], { execArgv: ["--disable-warning=ExperimentalWarning"] });
      using _reader = { [Symbol.dispose]: () => reader.kill() };
      const [rounds] = (await once(reader, "message")) as [number];
      const writer = openWriter(file);
      const waitsMs: number[] = [];
      const endMs = performance.now() + 2_000;
      while (performance.now() < endMs) {
        writer.exec("UPDATE segment SET generation = generation + 1");
        waitsMs.push(busyMs(writer));
      }
      writer.close();

      reader.send("end");
      const [roundsAfter] = (await once(reader, "message")) as [number];
      expect(roundsAfter).toBeGreaterThan(rounds);
      // One in four may be the machine's own, which has other work. Between two rounds of the reader there is
      // nothing to wait for.
      const waited = waitsMs.filter((waitMs) => waitMs > 0);
      const slowMs = waited.toSorted((a, b) => b - a)[Math.floor(waited.length / 4)];
      expect(slowMs).toBeLessThan(READ_TRANSACTION_MS_MAX);
    },
    TIMEOUT_MS,
  );
});
