import { expect, test } from "@jest/globals";
import { openReader } from "@weir/store";
import {
  listsLocks,
  locksOn,
  openTestStore,
  readingAt,
  START_US,
  temporaryFolder,
} from "@weir/testkit";
import { startVerifier } from "./verifier.ts";

(listsLocks ? test : test.skip)(
  "counting does not touch the locks that the harness itself holds",
  async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append([readingAt(START_US)]);
    using reader = openReader(file);
    expect(reader?.state().lastId).toBe(1);
    const held = locksOn(file);
    expect(held).toBeGreaterThan(0);
    await using verifier = startVerifier();
    expect(await verifier.newestId(file)).toBe(1);
    expect(locksOn(file)).toBe(held);
  },
);

test("the verifier names an error of SQLite, and goes on", async () => {
  using folder = temporaryFolder();
  await using verifier = startVerifier();
  await expect(verifier.foldLog(folder.path)).rejects.toThrow(
    "unable to open database file (SQLite 14)",
  );
  expect(await verifier.waiting(folder.file("none.db"))).toBe(0);
});
