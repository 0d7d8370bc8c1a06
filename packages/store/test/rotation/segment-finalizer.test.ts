import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { type Clock, systemClock } from "@weir/runtime";
import { type SegmentedStore, startSegmentFinalizer } from "@weir/store";
import {
  createFakeClock,
  eventually,
  readingAt,
  rowOf,
  START_US,
  temporaryFolder,
} from "@weir/testkit";
import Sqlite from "better-sqlite3";

const DAY_US = 86_400_000_000;
/** For a segment of more than a million rows. */
const TIMEOUT_MS = 180_000;
const PYTHON = `
import sqlite3, sys
for row in sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True).execute(sys.argv[2]): print(*row)`;

import { openData } from "../fixture.ts";

/** A store with one sealed segment of two rows. */
function openRotated(folder: string): { store: SegmentedStore; sealed: string } {
  const store = openData(folder);
  store.append([readingAt(START_US, 7), rowOf("rubbish")]);
  const { sealed } = store.rotate(START_US + DAY_US);
  return { store, sealed };
}

function startTestFinisher(clock: Clock = systemClock) {
  const finished: string[] = [];
  const unfinished: { reason: string; kind: string; file: string; retryMs: number | null }[] = [];
  const started = startSegmentFinalizer({
    clock,
    onFinished: (file) => finished.push(file),
    onUnfinished: (one) => unfinished.push(one),
  });
  return { finished, unfinished, started };
}

describe("a finished segment", () => {
  test("is one read-only file, indexed by topic and analysed", async () => {
    using folder = temporaryFolder();
    const { store, sealed } = openRotated(folder.path);
    using _store = store;
    const { finished, unfinished, started } = startTestFinisher();
    await using _finisher = started;
    for (const file of store.unfinished()) started.finish(file);
    await eventually(() => finished.length === 1);

    expect(unfinished).toEqual([]);
    expect(readdirSync(dirname(sealed))).toEqual(["data-20260101T000000.000000Z.db"]);
    expect(statSync(sealed).mode & 0o777).toBe(0o444);
    expect(store.unfinished()).toEqual([]);
    expect(store.segments().map(({ state }) => state)).toEqual(["finished", "live"]);
    const database = new Sqlite(sealed, { readonly: true });
    expect(database.prepare("SELECT tbl, idx FROM sqlite_stat1 WHERE tbl = 'rows'").all()).toEqual([
      { tbl: "rows", idx: "rows_by_topic" },
    ]);
    database.close();
  });

  test.each([
    ["python3", ["-c", PYTHON]],
    ["sqlite3", ["-readonly", "-separator", " "]],
  ])("is read by %s", async (program, options) => {
    if (spawnSync(program, ["--version"]).error !== undefined) return;
    using folder = temporaryFolder();
    const { store, sealed } = openRotated(folder.path);
    using _store = store;
    const { finished, started } = startTestFinisher();
    await using _finisher = started;
    started.finish(sealed);
    await eventually(() => finished.length === 1);
    const query = "SELECT reception_timestamp, topic, hex(payload) FROM data LIMIT 1 OFFSET 1";
    const { stdout, stderr } = spawnSync(program, [...options, sealed, query]);
    expect(String(stderr)).toBe("");
    expect(String(stdout)).toBe(
      `${START_US} DATA ${Buffer.from("rubbish").toString("hex").toUpperCase()}\n`,
    );
  });
});

describe("a finalizer", () => {
  test("waits while a segment is being read, and comes back to it", async () => {
    using folder = temporaryFolder();
    const { store, sealed } = openRotated(folder.path);
    using _store = store;
    const clock = createFakeClock();
    const { finished, unfinished, started } = startTestFinisher(clock);
    await using _finisher = started;
    const reader = new Sqlite(sealed, { readonly: true });
    const count = reader.prepare("SELECT count(*) FROM rows").pluck();
    expect(count.get()).toBe(2);

    started.finish(sealed);
    await eventually(() => unfinished.length === 1);
    clock.advance(1_000);
    await eventually(() => unfinished.length === 2);
    expect(unfinished).toEqual([
      { file: sealed, task: "finish", kind: "in use", reason: "it is being read", retryMs: 1_000 },
      { file: sealed, task: "finish", kind: "in use", reason: "it is being read", retryMs: 2_000 },
    ]);
    expect(count.get()).toBe(2);
    reader.close();
    clock.advance(2_000);
    await eventually(() => finished.length === 1);
    expect(readdirSync(dirname(sealed))).toHaveLength(1);
  });

  test("does not touch a segment without a successor", async () => {
    using folder = temporaryFolder();
    using store = openData(folder.path);
    const { unfinished, started } = startTestFinisher(createFakeClock());
    await using _finisher = started;
    started.finish(store.liveFile());
    await eventually(() => unfinished.length === 1);
    expect(unfinished[0]?.reason).toContain("it has no successor");
    expect(store.append([readingAt(START_US)]).lastId).toBe(1);
  });

  test("goes on with the next when one is damaged", async () => {
    using folder = temporaryFolder();
    const { store, sealed } = openRotated(folder.path);
    using _store = store;
    const second = store.rotate(START_US + 2 * DAY_US).sealed;
    writeFileSync(sealed, "nothing that SQLite knows, of some length");
    const { finished, unfinished, started } = startTestFinisher(createFakeClock());
    await using _finisher = started;
    for (const file of store.unfinished()) started.finish(file);
    await eventually(() => finished.length === 1);
    expect(finished).toEqual([second]);
    expect(unfinished).toEqual([
      {
        file: sealed,
        task: "finish",
        kind: "failed",
        reason: "file is not a database",
        retryMs: 1_000,
      },
    ]);
  });

  test("forgets a segment that retention has removed", async () => {
    using folder = temporaryFolder();
    const { store, sealed } = openRotated(folder.path);
    using _store = store;
    const second = store.rotate(START_US + 2 * DAY_US).sealed;
    rmSync(sealed);
    const { finished, unfinished, started } = startTestFinisher();
    await using _finisher = started;
    started.finish(sealed);
    started.finish(second);
    await eventually(() => finished.length === 1);
    expect({ finished, unfinished }).toEqual({ finished: [second], unfinished: [] });
  });

  test(
    "stops at once in the middle of a large segment, and finishes it after the next start",
    async () => {
      using folder = temporaryFolder();
      const { store, sealed } = openRotated(folder.path);
      const many = new Sqlite(sealed);
      many.exec(`INSERT INTO rows WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000)
      SELECT i, 0, 1, zeroblob(10), 1, 0, 0, NULL, NULL FROM n`);
      many.close();
      const before = startTestFinisher();
      before.started.finish(sealed);
      await eventually(() => isAtWork(sealed));
      const askedMs = performance.now();
      await before.started[Symbol.asyncDispose]();
      const stopMs = performance.now() - askedMs;
      expect({ ...before, started: null }).toEqual({ finished: [], unfinished: [], started: null });
      store[Symbol.dispose]();

      using again = openData(folder.path);
      const { finished, started } = startTestFinisher();
      await using _finisher = started;
      const begunMs = performance.now();
      for (const file of again.unfinished()) started.finish(file);
      await eventually(() => finished.length === 1, TIMEOUT_MS);
      // How long that takes is up to the machine.
      expect(stopMs).toBeLessThan((performance.now() - begunMs) / 2);
      expect(readdirSync(dirname(sealed))).toHaveLength(1);
      const database = new Sqlite(sealed, { readonly: true });
      expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
      expect(database.prepare("SELECT count(*) FROM rows").pluck().get()).toBe(1_499_993);
      database.close();
    },
    TIMEOUT_MS,
  );
});

/** Whether a segment is writable for any user. */
function isAtWork(file: string): boolean {
  const database = new Sqlite(file, { timeout: 0 });
  try {
    database.exec("BEGIN IMMEDIATE; ROLLBACK");
    return false;
  } catch {
    return true;
  } finally {
    database.close();
  }
}
