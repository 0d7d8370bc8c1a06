import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { openSegmentedStore, type SegmentedStore } from "@weir/store";
import { START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { ROTATION_STEPS } from "../../src/rotation/make-segment.ts";
import { outboxReading } from "./readings.ts";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

const DAY_US = 86_400_000_000;

function rotateAndDie(folder: string, step: string): void {
  const script = join(import.meta.dirname, "rotate-and-die.ts");
  const { signal, stderr } = spawnSync(process.execPath, [script, folder, step]);
  if (signal !== "SIGKILL") throw new Error(`it did not die at ${step}: ${stderr}`);
}

function open(folder: string): SegmentedStore {
  return openSegmentedStore({
    folder,
    stream: "data",
    synchronous: "NORMAL",
    nowUs: START_US + 2 * DAY_US,
  });
}

function query(file: string, sql: string): unknown[] {
  const database = new Sqlite(file, { readonly: true });
  try {
    return database.prepare(sql).pluck().all();
  } finally {
    database.close();
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" });
}

describe("a logger that is killed while it rotates", () => {
  test.each(ROTATION_STEPS)("loses and doubles nothing when it dies after %j", (step) => {
    using folder = temporaryFolder();
    // Its first segment is made by the same steps: it is to die in the second rotation.
    open(folder.path)[Symbol.dispose]();
    rotateAndDie(folder.path, step);

    using store = open(folder.path);
    expect(store.append([1, 2, 3, 4].map((seq) => outboxReading(seq)))).toEqual({
      lastId: 4,
      filed: ["duplicate", "duplicate", "duplicate", "new"],
    });
    const segments = store.segments();
    expect(segments.flatMap(({ file }) => query(file, "SELECT id FROM rows"))).toEqual([
      1, 2, 3, 4,
    ]);
    const successors = segments.map(({ file }) => query(file, "SELECT successor FROM sealed"));
    expect(successors).toEqual(
      segments.map((_, index) => segments.slice(index + 1, index + 2).map(({ name }) => name)),
    );
    expect(filesIn(folder.path).filter((name) => name.includes(".making"))).toEqual([]);
  });

  test("begins anew when it died in making its very first segment", () => {
    using folder = temporaryFolder();
    rotateAndDie(folder.path, "written");
    expect(filesIn(folder.path).filter((name) => name.endsWith(".making"))).toHaveLength(1);
    using store = open(folder.path);
    expect(store.append([outboxReading(1)]).lastId).toBe(1);
    expect(store.segments()).toHaveLength(1);
    expect(filesIn(folder.path).filter((name) => name.includes(".making"))).toEqual([]);
  });
});
