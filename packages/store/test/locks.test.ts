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

// Without them an older SQLite (3.40.1 does) takes a reader's log for one without readers.
(listsLocks ? test : test.skip)(
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
