import { expect, test } from "@jest/globals";
import type { HistoryWriter } from "@weir/series";
import { temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { openHistory, readSeries, rowAt, START_US } from "./history-fixture.ts";

const FLUSHES = 12;
const SERIES = 500;

test("the index gives the space of files that were merged back to the disk", async () => {
  using folder = temporaryFolder();
  const indexFile = folder.file("index.db");
  using history = openHistory(indexFile);
  const writer = await history.store.stream("home", { historyMs: Infinity });
  await flushAll(writer);
  while (await writer.merge());
  expect(contentOf(indexFile)).toEqual({ files: 1, spans: SERIES, freePages: 0 });
});

test("what a kill has left of merged files goes with the next merge, of whichever stream", async () => {
  using folder = temporaryFolder();
  const indexFile = folder.file("index.db");
  {
    using history = openHistory(indexFile);
    const writer = await history.store.stream("home", { historyMs: Infinity });
    await flushAll(writer);
    await writer.merge();
  }
  expect(contentOf(indexFile)).toMatchObject({ files: 1, spans: (FLUSHES + 1) * SERIES });
  using history = openHistory(indexFile);
  const other = await history.store.stream("other", { historyMs: Infinity });
  const home = await history.store.stream("home", { historyMs: Infinity });
  await other.merge();
  expect(contentOf(indexFile)).toEqual({ files: 1, spans: SERIES, freePages: 0 });
  await home.merge();
  expect(contentOf(indexFile)).toEqual({ files: 1, spans: SERIES, freePages: 0 });
});

test("a merge that the index refuses leaves the points of its files where they were", async () => {
  using folder = temporaryFolder();
  const indexFile = folder.file("index.db");
  using history = openHistory(indexFile);
  const writer = await history.store.stream("home", { historyMs: Infinity });
  await flushAll(writer);
  const before = readSeries(indexFile, "path7");
  const index = new Sqlite(indexFile);
  index.exec(`CREATE TRIGGER refused BEFORE INSERT ON files WHEN NEW.level > 0
              BEGIN SELECT RAISE(ABORT, 'refused'); END`);
  await expect(writer.merge()).rejects.toThrow("refused");
  await expect(writer.merge()).rejects.toThrow("refused");
  expect(readSeries(indexFile, "path7")).toEqual(before);
  index.exec("DROP TRIGGER refused");
  index.close();
  while (await writer.merge());
  expect(readSeries(indexFile, "path7")).toEqual(before);
  expect(contentOf(indexFile)).toEqual({ files: 1, spans: SERIES, freePages: 0 });
});

async function flushAll(writer: HistoryWriter): Promise<void> {
  for (let row = 1; row <= FLUSHES; row++) {
    for (let series = 0; series < SERIES; series++) {
      writer.add("t", `path${series}`, START_US + row, series);
    }
    writer.pass(rowAt(row));
    await writer.flush();
  }
}

function contentOf(indexFile: string) {
  const database = new Sqlite(indexFile, { readonly: true });
  const countOf = (table: string) =>
    database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  const freePages = database.pragma("freelist_count", { simple: true });
  const content = { files: countOf("files"), spans: countOf("spans"), freePages };
  database.close();
  return content;
}
