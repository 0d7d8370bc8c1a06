import { rmSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { type FileStore, openSegmentedStore, type SegmentedStore } from "@weir/store";
import {
  createFakeClock,
  createTestContext,
  eventually,
  openTestStore,
  rowOf,
  temporaryFolder,
} from "@weir/testkit";
import { type Removed, startRetention } from "../src/retention.ts";

const MINUTE_MS = 60_000;
const config = {
  ageMs: (35 * MINUTE_MS) as number | null,
  bytesMax: null as number | null,
  freeDiskBytesMin: null,
  skewUs: MINUTE_MS * 1_000,
  intervalMs: 1_000,
  rowsMax: 10,
  clockSteadyMs: 2 * MINUTE_MS,
};

function storeWithRows(file: string, nowMs: number, rows: number): FileStore {
  const store = openTestStore(file, nowMs * 1_000);
  store.append(Array.from({ length: rows }, () => rowOf("rubbish", nowMs * 1_000)));
  return store;
}

describe("retention", () => {
  test("removes rows once they are older than the retention", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    using store = storeWithRows(folder.file("weir.db"), clock.now(), 5);
    const pruned: number[] = [];
    const onPruned = ({ rows }: Removed) => pruned.push(rows);
    await using _running = startRetention(config, { ...options(clock), store, onPruned });

    clock.advance(35 * MINUTE_MS);
    expect(pruned).toEqual([]);
    clock.advance(2_000);
    expect(pruned).toEqual([5]);
  });

  test("waits until the clock has been steady, after each of its jumps", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    using store = storeWithRows(folder.file("weir.db"), clock.now(), 5);
    await using _running = startRetention(config, { ...options(clock), store });

    clock.advance(MINUTE_MS);
    clock.jump(365 * 24 * 60 * MINUTE_MS);
    clock.advance(MINUTE_MS);
    clock.jump(-365 * 24 * 60 * MINUTE_MS);
    clock.advance(10 * MINUTE_MS);
    expect(store.size().rows).toBe(5);
    clock.advance(25 * MINUTE_MS);
    expect(store.size().rows).toBe(0);
  });

  test("removes a bounded number of rows in each pass", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    using store = storeWithRows(folder.file("weir.db"), clock.now(), 25);
    const pruned: number[] = [];
    const onPruned = ({ rows }: Removed) => pruned.push(rows);
    await using _running = startRetention(config, { ...options(clock), store, onPruned });
    clock.advance(36 * MINUTE_MS);
    expect(pruned).toEqual([10, 10, 5]);
  });

  test("reports a pass that fails, and makes no other", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    const store = storeWithRows(folder.file("weir.db"), clock.now(), 1);
    store[Symbol.dispose]();
    const faults: unknown[] = [];
    const onFault = (fault: unknown) => faults.push(fault);
    await using _running = startRetention(config, { ...options(clock), store, onFault });
    clock.advance(10 * MINUTE_MS);
    expect(faults).toHaveLength(1);
  });

  test("keeps a file below its size without asking the clock", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    using store = storeWithRows(folder.file("weir.db"), clock.now(), 5_000);
    const limits = { ageMs: null, bytesMax: 100_000, rowsMax: 5_000 };
    await using _running = startRetention({ ...config, ...limits }, { ...options(clock), store });
    expect(store.size().bytes).toBeGreaterThan(100_000);
    clock.jump(365 * 24 * 60 * MINUTE_MS);
    clock.advance(2_000);
    expect(store.size().bytes).toBeLessThanOrEqual(100_000);
    expect(store.size().rows).toBeGreaterThan(0);
  });

  test("gives commits time between two passes, and does not wait long while there is more", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    using store = storeWithRows(folder.file("weir.db"), clock.now(), 25);
    await using _running = startRetention(config, { ...options(clock), store });
    clock.advance(35 * MINUTE_MS);
    clock.advance(1_000);
    expect(store.size().rows).toBe(15);
    clock.advance(19);
    expect(store.size().rows).toBe(15);
    clock.advance(50);
    expect(store.size().rows).toBe(0);
  });
});

describe("retention of a folder", () => {
  const HOUR_MS = 60 * MINUTE_MS;

  test("removes the segments that are too old once the clock has been steady, never the live one", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    using store = openFolder(folder.path, clock.now());
    for (let hour = 0; hour < 3; hour += 1) {
      clock.advance(HOUR_MS);
      store.rotate(clock.now() * 1_000);
    }
    const removed: Removed[] = [];
    const onPruned = (one: Removed) => removed.push(one);
    await using _running = startRetention(
      { ...config, ageMs: 2 * HOUR_MS },
      { ...options(clock), store, onPruned },
    );
    clock.jump(-HOUR_MS);
    clock.jump(HOUR_MS + 10_000);
    clock.advance(MINUTE_MS);
    expect(store.segments()).toHaveLength(4);

    // One pass after the other: each is over before the next is due.
    await eventually(() => {
      clock.advance(1_000);
      return removed.length === 1;
    });
    expect(store.segments()).toHaveLength(3);
    clock.advance(365 * 24 * HOUR_MS);
    await eventually(() => {
      clock.advance(1_000);
      return store.segments().length === 1;
    });
    expect(store.liveFile()).toBe(store.segments()[0]?.file);
    expect(store.append([rowOf("rubbish", clock.now() * 1_000)]).lastId).toBe(1);
  });

  test("reports a pass that fails, and makes no other", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    const store = openFolder(folder.file("data"), clock.now());
    store[Symbol.dispose]();
    rmSync(folder.file("data"), { recursive: true });
    const faults: unknown[] = [];
    const onFault = (fault: unknown) => faults.push(fault);
    await using _running = startRetention(config, { ...options(clock), store, onFault });
    clock.advance(1_000);
    await eventually(() => faults.length === 1);
    clock.advance(10 * MINUTE_MS);
    expect(faults).toHaveLength(1);
  });
});

function openFolder(folder: string, nowMs: number): SegmentedStore {
  const nowUs = nowMs * 1_000;
  return openSegmentedStore({ folder, stream: "data", synchronous: "NORMAL", nowUs });
}

function options(clock: ReturnType<typeof createFakeClock>) {
  const { logger } = createTestContext(clock);
  const onFault = (fault: unknown) => {
    throw fault;
  };
  return { clock, logger, onPruned: () => {}, untilUnlocked: async () => {}, onFault };
}
