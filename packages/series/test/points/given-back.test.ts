import { expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { openHistory, rowAt, START_US } from "./history-fixture.ts";

const FLUSHES = 12;
const SERIES = 500;

test("the index gives the space of files that were merged back to the disk", async () => {
  using folder = temporaryFolder();
  const indexFile = folder.file("index.db");
  using history = openHistory(indexFile);
  const writer = await history.store.stream("home", { historyMs: Infinity });
  for (let row = 1; row <= FLUSHES; row++) {
    for (let series = 0; series < SERIES; series++) {
      writer.add("t", `path${series}`, START_US + row, series);
    }
    writer.pass(rowAt(row));
    await writer.flush();
  }
  while (await writer.merge());

  const database = new Sqlite(indexFile, { readonly: true });
  expect(database.prepare("SELECT count(*) FROM files").pluck().get()).toBe(1);
  expect(database.pragma("freelist_count", { simple: true })).toBe(0);
  database.close();
});
