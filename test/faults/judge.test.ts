import { expect, test } from "@jest/globals";
import { openReader } from "@weir/store";
import {
  locksOn,
  openTestStore,
  readingAt,
  START_US,
  tellsLocks,
  temporaryFolder,
} from "@weir/testkit";
import { startJudge } from "./start-judge.ts";

(tellsLocks ? test : test.skip)(
  "counting leaves the locks alone that the harness itself holds",
  async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append([readingAt(START_US)]);
    using reader = openReader(file);
    expect(reader?.state().lastId).toBe(1);
    const held = locksOn(file);
    expect(held).toBeGreaterThan(0);
    await using judge = startJudge();
    expect(await judge.newestId(file)).toBe(1);
    expect(locksOn(file)).toBe(held);
  },
);

test("the judge says which error of SQLite it met, and goes on", async () => {
  using folder = temporaryFolder();
  await using judge = startJudge();
  await expect(judge.foldLog(folder.path)).rejects.toThrow(
    "unable to open database file (SQLite 14)",
  );
  expect(await judge.waiting(folder.file("none.db"))).toBe(0);
});
