import { describe, expect, test } from "@jest/globals";
import { RANGES_MAX } from "@weir/protocol";
import { openReader } from "@weir/store";
import { openTestStore, rowOf, START_US, temporaryFolder } from "@weir/testkit";
import { LEDGER_LIMITS } from "../src/ledger/account.ts";
import { openSegment } from "../src/segment/segment-file.ts";
import { createSegmentWriter } from "../src/segment/segment-writer.ts";
import { outboxReading as sent } from "./fixture.ts";

describe("the ledger", () => {
  test("lets each message into the store once, within a batch and across batches", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    expect(store.append([sent(1), sent(2), sent(1)])).toEqual({
      lastId: 2,
      filed: ["new", "new", "duplicate"],
    });
    expect(store.append([sent(2), sent(3)])).toEqual({ lastId: 3, filed: ["duplicate", "new"] });
  });

  test("remembers what is stored after the store was closed and opened", () => {
    using folder = temporaryFolder();
    {
      using store = openTestStore(folder.file("weir.db"));
      store.append([sent(1), sent(3)]);
    }
    using store = openTestStore(folder.file("weir.db"));
    expect(store.append([sent(1), sent(2), sent(3)]).filed).toEqual([
      "duplicate",
      "new",
      "duplicate",
    ]);
    expect(store.receiptOf("kitchen")).toEqual([
      { epoch: "e1", topic: "DATA", through: 3, ranges: [] },
    ]);
  });

  test("takes the same number of another epoch or publisher for another message", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const rows = [sent(1), sent(1, { epoch: "e2" }), sent(1, { publisher: "garden" })];
    expect(store.append(rows).filed).toEqual(["new", "new", "new"]);
    expect(store.recentPublishers(10).sort()).toEqual(["garden", "kitchen"]);
  });

  test("knows nothing of a batch that was not committed", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const impossible = { ...sent(2), receivedUs: 0.5 };
    expect(() => store.append([sent(1), impossible])).toThrow("cannot be written");
    expect(store.receiptOf("kitchen")).toEqual([]);
    expect(store.append([sent(1), sent(2)]).filed).toEqual(["new", "new"]);
  });

  test("outlives retention", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    store.append([sent(1)]);
    store.prune({ cutoffUs: START_US + 1, futureUs: START_US + 1, rowsMax: 10 });
    expect(store.append([sent(1)]).filed).toEqual(["duplicate"]);
  });

  test("stores and flags what lies beyond its limits, and gives no receipt for it", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    expect(store.append([sent(1), sent(2_000_000_000)]).filed).toEqual(["new", "beyond limits"]);
    expect(store.receiptOf("kitchen")).toEqual([
      { epoch: "e1", topic: "DATA", through: 1, ranges: [] },
    ]);
    using reader = openReader(file);
    expect(reader?.readAfter(0, 10).readings).toHaveLength(2);
  });

  test("advances over what a code filter dropped, without storing it, and knows it when it comes again", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    const dropped = { ...sent(2), isFiltered: true };
    expect(store.append([sent(1), dropped, sent(3), dropped, sent(2)])).toEqual({
      lastId: 2,
      filed: ["new", "filtered", "new", "duplicate", "duplicate"],
    });
    expect(store.receiptOf("kitchen")).toEqual([
      { epoch: "e1", topic: "DATA", through: 3, ranges: [] },
    ]);
    using reader = openReader(file);
    expect(reader?.ledger.lines("kitchen")).toMatchObject([
      { received: 2, filtered: 1, duplicates: 2 },
    ]);
    expect(reader?.readAfter(0, 10).readings.map(({ value }) => value)).toEqual([1, 3]);
  });

  test("writes nothing that a code filter dropped, whoever sent it", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    const dropped = [
      { ...rowOf("rubbish"), isFiltered: true },
      { ...sent(1), isFiltered: true },
      { ...sent(2_000_000_000), isFiltered: true },
    ];
    expect(store.append(dropped)).toEqual({
      lastId: 0,
      filed: ["filtered", "filtered", "filtered"],
    });
    expect(store.size().rows).toBe(0);
  });

  test("is bounded for a publisher that sends every second number forever", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const rows = Array.from({ length: 2_000 }, (_, index) => sent(2 + 2 * index));
    const { filed } = store.append(rows);
    expect(filed.filter((one) => one === "new")).toHaveLength(LEDGER_LIMITS.rangesMax);
    expect(store.receiptOf("kitchen")[0]?.ranges).toHaveLength(RANGES_MAX);
  });

  test("is bounded in publishers and in epochs, and those that it has do not suffer", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    const segment = { file, stream: "data", synchronous: "NORMAL", nowUs: START_US } as const;
    const database = openSegment(segment);
    const limits = { ...LEDGER_LIMITS, publishersMax: 2, entriesPerPublisherMax: 2 };
    const reached = { publishers: 0, epochs: 0, topics: 0 };
    using writer = createSegmentWriter(database, file, { ledgerLimits: limits, reached });
    let nowUs = START_US;
    const enter = (publisher: string, epoch: string, seq: number) => {
      nowUs += 1;
      const row = { ...sent(seq, { publisher, epoch }), receivedUs: nowUs };
      return writer.append([row]).filed[0];
    };
    // Of the newcomers the one that was silent longest is dropped.
    expect([enter("b", "1", 1), enter("a", "1", 1), enter("c", "1", 1)]).toEqual([
      "new",
      "new",
      "new",
    ]);
    expect([writer.receiptOf("b"), reached]).toEqual([[], { publishers: 1, epochs: 0, topics: 0 }]);
    // Of "a" two epochs are kept. The second is sent again, so the first is the one that is forgotten.
    expect([enter("a", "2", 1), enter("a", "2", 3), enter("a", "2", 1)]).toEqual([
      "new",
      "new",
      "duplicate",
    ]);
    expect([enter("a", "3", 1), enter("a", "2", 1), enter("a", "3", 1)]).toEqual([
      "new",
      "duplicate",
      "duplicate",
    ]);
    expect(enter("a", "4", 1)).toBe("new");
    expect(writer.receiptOf("a").map(({ epoch }) => epoch)).toEqual(["4", "3"]);
    expect(reached).toEqual({ publishers: 1, epochs: 2, topics: 0 });
    expect(database.prepare("SELECT * FROM ledger_totals").all()).toMatchObject([
      { publisher: "*", epochs: 1, received: 1 },
      {
        publisher: "a",
        epochs: 2,
        received: 3,
        duplicates: 2,
        filtered: 0,
        abandoned: 0,
        missing: 1,
      },
    ]);
  });

  test("gives receipts to a publisher that has been started again a thousand times and more", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const starts = LEDGER_LIMITS.entriesPerPublisherMax + 10;
    for (let start = 1; start <= starts; start += 1) {
      const receivedUs = START_US + start;
      const row = { ...sent(1, { epoch: `e${start}` }), receivedUs };
      expect(store.append([row, row]).filed).toEqual(["new", "duplicate"]);
      expect(store.receiptOf("kitchen")[0]).toMatchObject({ epoch: `e${start}`, through: 1 });
    }
  });
});
