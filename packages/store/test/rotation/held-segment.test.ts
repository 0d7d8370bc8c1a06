import { rmSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { lockByAnother, START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { DAY_US, openData, outboxReading, query } from "../fixture.ts";

/** Longer than SQLite waits for a segment that is in use. */
const HELD_MS = 400;

/** A folder with a sealed segment and a live one, closed. */
function makeRotated(folder: string): { sealed: string; live: string } {
  using store = openData(folder);
  store.append([outboxReading(1)]);
  return store.rotate(START_US + DAY_US);
}

/** As a finishing process does in its last steps, which outlives its logger. */
function holdAsFinisher(file: string): Promise<AsyncDisposable> {
  return lockByAnother(file, "PRAGMA locking_mode = EXCLUSIVE", HELD_MS);
}

test("a start waits for a finishing process that holds a closed segment", async () => {
  using folder = temporaryFolder();
  const { sealed } = makeRotated(folder.path);
  await using _held = await holdAsFinisher(sealed);
  using store = openData(folder.path);
  expect(store.append([outboxReading(1), outboxReading(2)]).filed).toEqual(["duplicate", "new"]);
});

test("a start waits for a closed segment whose seal is missing, and writes the seal", async () => {
  using folder = temporaryFolder();
  const { sealed } = makeRotated(folder.path);
  const database = new Sqlite(sealed);
  database.exec("DELETE FROM sealed");
  database.close();
  await using _held = await holdAsFinisher(sealed);
  using store = openData(folder.path);
  expect(query(sealed, "SELECT successor FROM sealed")).toEqual([
    { successor: store.segments().at(-1)?.name },
  ]);
});

test("a start waits for the newest segment where the live one behind it is gone", async () => {
  using folder = temporaryFolder();
  const { sealed, live } = makeRotated(folder.path);
  rmSync(live);
  await using _held = await holdAsFinisher(sealed);
  using store = openData(folder.path, START_US + 2 * DAY_US);
  expect(store.append([outboxReading(1), outboxReading(2)]).filed).toEqual(["duplicate", "new"]);
});
