import { spawnSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { startJudge } from "./start-judge.ts";

const WRITE = `
  const database = require("better-sqlite3")(process.argv[1], { timeout: 0 });
  try { database.exec("BEGIN IMMEDIATE"); console.log("locked"); }
  catch (error) { console.log(error.code); }`;

/** Whether a further process may write. */
function writeElsewhere(file: string): string {
  return spawnSync(process.execPath, ["-e", WRITE, file], { encoding: "utf8" }).stdout.trim();
}

test("counting leaves the locks alone that the harness itself holds", async () => {
  using folder = temporaryFolder();
  const file = folder.file("outbox.db");
  await using judge = startJudge();
  const database = new Sqlite(file);
  try {
    database.pragma("journal_mode = WAL");
    database.exec("CREATE TABLE messages (id INTEGER PRIMARY KEY)");
    database.exec("BEGIN IMMEDIATE");
    expect(writeElsewhere(file)).toBe("SQLITE_BUSY");
    expect(await judge.waiting(file)).toBe(0);
    expect(writeElsewhere(file)).toBe("SQLITE_BUSY");
  } finally {
    database.close();
  }
});

test("the judge says which error of SQLite it met, and goes on", async () => {
  using folder = temporaryFolder();
  await using judge = startJudge();
  await expect(judge.foldLog(folder.path)).rejects.toThrow(
    "unable to open database file (SQLite 14)",
  );
  expect(await judge.waiting(folder.file("none.db"))).toBe(0);
});
