import { describe, expect, test } from "@jest/globals";
import { openReader, pruneLimits } from "@weir/store";
import { openTestStore, readingAt, START_US, temporaryFolder } from "@weir/testkit";

const MINUTE_US = 60_000_000;

function limitsAt(nowUs: number, rowsMax = 1_000) {
  return pruneLimits({ nowUs, retentionUs: 35 * MINUTE_US, skewUs: MINUTE_US, rowsMax });
}

describe("retention", () => {
  test("removes what was received before the cutoff, and nothing else", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    store.append([0, 10, 20].map((minute) => readingAt(START_US + minute * MINUTE_US)));
    expect(store.prune(limitsAt(START_US + 45 * MINUTE_US)).rows).toBe(1);
    expect(store.size().rows).toBe(2);
    expect(store.prune(limitsAt(START_US + 45 * MINUTE_US)).rows).toBe(0);
  });

  test("removes no more rows in a pass than it may, and says that there are more", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    store.append(Array.from({ length: 25 }, () => readingAt(START_US)));
    const limits = limitsAt(START_US + 60 * MINUTE_US, 10);
    expect([1, 2, 3, 4].map(() => store.prune(limits))).toEqual([
      { rows: 10, more: true },
      { rows: 10, more: true },
      { rows: 5, more: false },
      { rows: 0, more: false },
    ]);
  });

  test("never gives an id twice, also when it has emptied the table", () => {
    using folder = temporaryFolder();
    {
      using store = openTestStore(folder.file("weir.db"));
      store.append([readingAt(START_US), readingAt(START_US)]);
      store.prune(limitsAt(START_US + 60 * MINUTE_US));
      expect(store.size().rows).toBe(0);
    }
    using store = openTestStore(folder.file("weir.db"));
    expect(store.append([readingAt(START_US)]).lastId).toBe(3);
  });

  test("removes rows that a wrong clock dated into the future, and raises the generation", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append([readingAt(START_US + 600 * MINUTE_US), readingAt(START_US)]);
    using reader = openReader(file);
    const before = reader?.state().generation ?? 0;
    expect(store.prune(limitsAt(START_US)).rows).toBe(1);
    expect(reader?.state()).toEqual({ generation: before + 1, lastId: 2 });
  });

  test("does not disturb readers when it removes what no window can count", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append([readingAt(START_US)]);
    using reader = openReader(file);
    store.prune(limitsAt(START_US + 60 * MINUTE_US));
    expect(reader?.state()).toEqual({ generation: 0, lastId: 1 });
  });

  test("keeps a row behind one that stays, until that goes", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    store.append([readingAt(START_US + 30 * MINUTE_US), readingAt(START_US)]);
    expect(store.prune(limitsAt(START_US + 36 * MINUTE_US)).rows).toBe(0);
    expect(store.prune(limitsAt(START_US + 66 * MINUTE_US)).rows).toBe(2);
  });

  test("gives the file's space back", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    store.append(Array.from({ length: 5_000 }, () => readingAt(START_US)));
    const before = store.size().bytes;
    store.prune(limitsAt(START_US + 60 * MINUTE_US, 10_000));
    expect(store.size().bytes).toBeLessThan(before / 2);
  });
});
