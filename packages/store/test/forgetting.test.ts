import { describe, expect, test } from "@jest/globals";
import { type NewRow, openReader, openSegmentedStore } from "@weir/store";
import { openTestStore, readingAt, START_US, temporaryFolder } from "@weir/testkit";
import type { Database } from "better-sqlite3";
import { EPOCH_IDLE_US, LEDGER_LIMITS, type LedgerLimits } from "../src/ledger/account.ts";
import type { IdleLimits } from "../src/ledger/forgetting.ts";
import { openSegment } from "../src/segment/segment-file.ts";
import { createSegmentWriter, type SegmentWriter } from "../src/segment/segment-writer.ts";

const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;

function message(
  receivedUs: number,
  { publisher = "kitchen", epoch = "e1", seq = 1, topic = "DATA" } = {},
): NewRow {
  return { ...readingAt(receivedUs), topic, sequence: { publisher, epoch, seq } };
}

interface Opened extends Disposable {
  database: Database;
  writer: SegmentWriter;
  /** `publisher/epoch/topic` of what is kept account of. */
  kept(): string[];
  totals(): unknown[];
}

function open(file: string, limits: Partial<LedgerLimits> = {}): Opened {
  const database = openSegment({ file, stream: "data", synchronous: "NORMAL", nowUs: START_US });
  const writer = createSegmentWriter(database, file, {
    ledgerLimits: { ...LEDGER_LIMITS, ...limits },
    devicePrefixes: ["devices"],
  });
  const kept = database
    .prepare<[], string>(
      `SELECT publisher || '/' || epoch || '/' || topic FROM ledger
       JOIN topics ON topics.id = topic_id ORDER BY 1`,
    )
    .pluck();
  const totals = database
    .prepare("SELECT publisher, epochs, received, missing FROM ledger_totals ORDER BY publisher")
    .raw();
  return {
    database,
    writer,
    kept: () => kept.all(),
    totals: () => totals.all(),
    [Symbol.dispose]: () => writer[Symbol.dispose](),
  };
}

const all = (idleBeforeUs: number): IdleLimits => ({ idleBeforeUs, entriesMax: 1_000 });

describe("the ledger forgets", () => {
  test("epochs that are complete and were idle for longer than the horizon, not their counts", () => {
    using folder = temporaryFolder();
    using store = open(folder.file("weir.db"));
    const nowUs = START_US + EPOCH_IDLE_US + 1;
    store.writer.append([message(START_US), message(START_US, { seq: 2 })]);
    store.writer.append([message(nowUs, { epoch: "e2" })]);
    expect(store.writer.forgetIdle(all(nowUs - EPOCH_IDLE_US))).toBe(1);
    expect(store.kept()).toEqual(["kitchen/e2/DATA"]);
    expect(store.totals()).toEqual([["kitchen", 1, 2, 0]]);
    expect(store.writer.forgetIdle(all(nowUs - EPOCH_IDLE_US))).toBe(0);
  });

  test("nothing of an epoch that still sends on another topic, and no account with a gap", () => {
    using folder = temporaryFolder();
    using store = open(folder.file("weir.db"));
    const nowUs = START_US + DAY_US;
    store.writer.append([
      message(START_US, { publisher: "active", topic: "a" }),
      message(nowUs, { publisher: "active", topic: "b" }),
      message(START_US, { publisher: "gap", seq: 2 }),
    ]);
    expect(store.writer.forgetIdle(all(nowUs))).toBe(0);
    expect(store.kept()).toEqual(["active/e1/a", "active/e1/b", "gap/e1/DATA"]);
  });

  test("by turns: no call looks at much more than it may, and all get their turn", () => {
    using folder = temporaryFolder();
    using store = open(folder.file("weir.db"));
    const names = Array.from({ length: 25 }, (_, index) => `p${index}`);
    store.writer.append(names.map((publisher) => message(START_US, { publisher })));
    const forgotten = [1, 2, 3, 4].map(() =>
      store.writer.forgetIdle({ idleBeforeUs: START_US + 1, entriesMax: 10 }),
    );
    expect(forgotten).toEqual([10, 10, 5, 0]);
    expect(store.kept()).toEqual([]);
  });

  test("so that the place is free, and what comes after it is entered as if it were the first", () => {
    using folder = temporaryFolder();
    using store = open(folder.file("weir.db"));
    store.writer.append([message(START_US)]);
    store.writer.forgetIdle(all(START_US + 1));
    expect(store.writer.append([message(START_US + 2)]).filed).toEqual(["new"]);
  });

  test("for a new publisher the one that was silent longest, whether established or not, if for a day", () => {
    using folder = temporaryFolder();
    using store = open(folder.file("weir.db"), { publishersMax: 3 });
    const known = ["a", "b", "c"].flatMap((publisher) => [
      message(START_US, { publisher }),
      message(START_US + HOUR_US, { publisher, seq: 2 }),
    ]);
    store.writer.append(known);
    const late = START_US + HOUR_US + DAY_US;
    // "a" itself is heard just in time, so it is the turn of "b".
    store.writer.append([
      message(late - 1, { publisher: "a", seq: 3 }),
      message(late, { publisher: "d" }),
    ]);
    expect(store.kept()).toEqual(["a/e1/DATA", "c/e1/DATA", "d/e1/DATA"]);
    expect(store.totals()).toEqual([["b", 1, 2, 0]]);
  });

  test("newcomers for newcomers, but no established publisher: invented names displace only each other", () => {
    using folder = temporaryFolder();
    using store = open(folder.file("weir.db"), { publishersMax: 20 });
    const honest = ["busy", "old"].map((publisher) => ({ publisher }));
    const thousand = Array.from({ length: 1_000 }, (_, index) =>
      message(START_US, { publisher: "busy", seq: index + 1 }),
    );
    store.writer.append([...thousand, message(START_US, { publisher: "old" })]);
    const nowUs = START_US + HOUR_US;
    store.writer.append([message(nowUs, { publisher: "old", seq: 2 })]);
    const invented = Array.from({ length: 500 }, (_, index) =>
      message(nowUs + 1 + index, { publisher: `invented-${index}` }),
    );
    expect(new Set(store.writer.append(invented).filed)).toEqual(new Set(["new"]));
    const again = honest.map((one) => message(nowUs + 1_000, one));
    expect(store.writer.append(again).filed).toEqual(["duplicate", "duplicate"]);
    expect(store.kept()).toHaveLength(20);
    expect(store.totals()).toMatchObject([["*", 482, 482, 0]]);
  });

  test("epochs that another client invents in a publisher's name, not those that it has had for an hour", () => {
    using folder = temporaryFolder();
    using store = open(folder.file("weir.db"), { entriesPerPublisherMax: 20 });
    const nowUs = START_US + HOUR_US;
    store.writer.append([message(START_US, { epoch: "real" })]);
    store.writer.append([message(nowUs, { epoch: "real", seq: 2 })]);
    const invented = Array.from({ length: 500 }, (_, index) =>
      message(nowUs + 1 + index, { epoch: `invented-${index}` }),
    );
    store.writer.append(invented);
    const again = message(nowUs + 1_000, { epoch: "real", seq: 2 });
    expect(store.writer.append([again]).filed).toEqual(["duplicate"]);
    expect(store.kept()).toHaveLength(20);
  });

  test("nothing of a device for what is sent in its name on a topic that names none", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    const limits = { entriesPerPublisherMax: 20, publishersMax: 20 };
    const state = message(START_US, { publisher: "pi", topic: "devices/pi/state" });
    const flood = Array.from({ length: 500 }, (_, index) => [
      message(START_US + index, { publisher: "pi", epoch: `invented-${index}` }),
      message(START_US + index, { publisher: `invented-${index}` }),
    ]).flat();
    {
      using store = open(file, limits);
      store.writer.append([state, ...flood]);
    }
    // Also when it is opened again, and knows of the two kinds from the file alone.
    using store = open(file, limits);
    store.writer.append(flood);
    expect(store.writer.append([state]).filed).toEqual(["duplicate"]);
    expect(store.writer.receiptOf("pi").map(({ topic }) => topic)).toContain("devices/pi/state");
    expect(store.writer.isEstablished("pi")).toBe(true);
    expect(store.writer.isEstablished("invented-499")).toBe(false);
  });

  test("into a bounded table of totals: publishers beyond it share one line", () => {
    using folder = temporaryFolder();
    using store = open(folder.file("weir.db"), { publishersMax: 2 });
    for (const [index, publisher] of ["a", "b", "c", "d", "a"].entries()) {
      const receivedUs = START_US + index;
      store.writer.append([message(receivedUs, { publisher }), readingAt(receivedUs)]);
      store.writer.forgetIdle(all(receivedUs + 1));
    }
    expect(store.totals()).toEqual([
      ["", 0, 5, 0],
      ["*", 2, 2, 0],
      ["a", 2, 2, 0],
      ["b", 1, 1, 0],
    ]);
  });

  test("nothing when the transaction fails", () => {
    using folder = temporaryFolder();
    using store = open(folder.file("weir.db"), { publishersMax: 2 });
    store.writer.append([message(START_US), message(START_US, { publisher: "garden" })]);
    const fresh = message(START_US + 2 * DAY_US, { publisher: "fresh" });
    const impossible = { ...fresh, receivedUs: 0.5 };
    expect(() => store.writer.append([fresh, impossible])).toThrow("cannot be written");
    expect(store.kept()).toEqual(["garden/e1/DATA", "kitchen/e1/DATA"]);
    expect(store.writer.append([message(START_US)]).filed).toEqual(["duplicate"]);
  });

  test("in a single file and in a folder of segments alike", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    const options = { stream: "data", synchronous: "NORMAL", nowUs: START_US } as const;
    using single = openTestStore(file);
    using segmented = openSegmentedStore({ folder: folder.file("segments"), ...options });
    for (const store of [single, segmented]) {
      store.append([message(START_US)]);
      expect(store.forgetIdle(all(START_US + 1))).toBe(1);
      expect(store.receiptOf("kitchen")).toEqual([]);
    }
    using reader = openReader(file);
    expect(reader?.ledger.publishers()).toEqual([]);
  });
});
