import { readdirSync, readFileSync, statSync, truncateSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { openTestStore, overwrite, readingAt, START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";

const ROWS = 2_000;
const PAGE_BYTES = 4_096;

/** A closed store of many pages. */
function fill(file: string): void {
  using store = openTestStore(file);
  store.append(Array.from({ length: ROWS }, (_, index) => readingAt(START_US + index)));
}

function rootPageOf(file: string, table: string): number {
  const database = new Sqlite(file, { readonly: true });
  const select = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
  const page = database.prepare(select).pluck().get(table) as number;
  database.close();
  return page;
}

const DAMAGES: readonly [string, (file: string) => void][] = [
  ["its schema is", (file) => overwrite(file, 100, PAGE_BYTES)],
  ["its second half is cut off", (file) => truncateSync(file, statSync(file).size / 2)],
  ["all but its header is", (file) => overwrite(file, 100, statSync(file).size)],
  [
    "its ledger is",
    (file) => {
      const page = rootPageOf(file, "ledger");
      overwrite(file, (page - 1) * PAGE_BYTES, page * PAGE_BYTES);
    },
  ],
];

describe("a damaged store", () => {
  test.each(DAMAGES)(
    "is kept aside as it was, and a new one begun, when %s damaged",
    (_, damage) => {
      using folder = temporaryFolder();
      const file = folder.file("weir.db");
      fill(file);
      damage(file);
      const bytes = readFileSync(file);
      using store = openTestStore(file);
      expect(store.damaged).toEqual({
        keptAs: `${file}.damaged-20260101T000000000Z`,
        reason: expect.any(String),
      });
      expect(readFileSync(store.damaged?.keptAs ?? "")).toEqual(bytes);
      expect(store.append([readingAt(START_US)]).filed).toEqual(["unsequenced"]);
      expect(store.size().rows).toBe(1);
    },
  );

  test("is found at the next start when SQLite stumbles over it later", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    fill(file);
    // Somewhere among the rows: neither the first nor the last ones, which every start looks at.
    const middle = Math.floor(statSync(file).size / PAGE_BYTES / 2) * PAGE_BYTES;
    overwrite(file, middle, middle + PAGE_BYTES);
    {
      using store = openTestStore(file);
      expect(store.damaged).toBeNull();
      const everything = { cutoffUs: START_US * 2, futureUs: START_US * 3, rowsMax: 1_000_000 };
      expect(() => store.prune(everything)).toThrow(/malformed/);
    }
    using store = openTestStore(file);
    expect(store.damaged).not.toBeNull();
    expect(readdirSync(folder.path).filter((name) => name.endsWith(".suspect"))).toEqual([]);
  });

  test("is never confused with a valid one", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    fill(file);
    using store = openTestStore(file);
    expect(store.damaged).toBeNull();
    expect(store.size().rows).toBe(ROWS);
  });
});
