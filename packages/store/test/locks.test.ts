import { existsSync, readFileSync, statSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { openReader } from "@weir/store";
import { openTestStore, readingAt, START_US, temporaryFolder } from "@weir/testkit";

const LOCKS = "/proc/locks";

/** How many locks this process has on a file. */
function locksOn(file: string): number {
  const isOurs = new RegExp(` ${process.pid} [0-9a-f]+:[0-9a-f]+:${statSync(file).ino} `);
  return readFileSync(LOCKS, "utf8")
    .split("\n")
    .filter((line) => isOurs.test(line)).length;
}

// Without them an older SQLite (3.40.1 does) takes a reader's log for one that nobody reads.
(existsSync(LOCKS) ? test : test.skip)(
  "opening a store leaves the locks of this process's readers alone",
  () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    openTestStore(file)[Symbol.dispose]();
    using reader = openReader(file);
    expect(reader?.state().lastId).toBe(0);
    expect(locksOn(file)).toBe(1);
    {
      using store = openTestStore(file);
      store.append([readingAt(START_US)]);
    }
    expect(locksOn(file)).toBe(1);
    expect(reader?.state().lastId).toBe(1);
  },
);
