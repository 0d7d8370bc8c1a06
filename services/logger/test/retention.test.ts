import { describe, expect, test } from "@jest/globals";
import type { Store } from "@weir/store";
import {
  createFakeClock,
  createTestContext,
  openTestStore,
  rowOf,
  temporaryFolder,
} from "@weir/testkit";
import { startRetention } from "../src/retention.ts";

const MINUTE_MS = 60_000;
const config = {
  retentionUs: 35 * MINUTE_MS * 1_000,
  skewUs: MINUTE_MS * 1_000,
  intervalMs: 1_000,
  rowsMax: 10,
  clockSteadyMs: 2 * MINUTE_MS,
};

function storeWithRows(file: string, nowMs: number, rows: number): Store {
  const store = openTestStore(file, nowMs * 1_000);
  store.append(Array.from({ length: rows }, () => rowOf("rubbish", nowMs * 1_000)));
  return store;
}

describe("retention", () => {
  test("removes rows once they are older than the retention", () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    using store = storeWithRows(folder.file("weir.db"), clock.now(), 5);
    const pruned: number[] = [];
    const onPruned = (rows: number) => pruned.push(rows);
    using _running = startRetention(config, { ...options(clock), store, onPruned });

    clock.advance(35 * MINUTE_MS);
    expect(pruned).toEqual([]);
    clock.advance(2_000);
    expect(pruned).toEqual([5]);
  });

  test("waits until the clock has been steady, after each of its jumps", () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    using store = storeWithRows(folder.file("weir.db"), clock.now(), 5);
    using _running = startRetention(config, { ...options(clock), store });

    clock.advance(MINUTE_MS);
    clock.jump(365 * 24 * 60 * MINUTE_MS);
    clock.advance(MINUTE_MS);
    clock.jump(-365 * 24 * 60 * MINUTE_MS);
    clock.advance(10 * MINUTE_MS);
    expect(store.size().rows).toBe(5);
    clock.advance(25 * MINUTE_MS);
    expect(store.size().rows).toBe(0);
  });

  test("removes a bounded number of rows in each pass", () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    using store = storeWithRows(folder.file("weir.db"), clock.now(), 25);
    const pruned: number[] = [];
    const onPruned = (rows: number) => pruned.push(rows);
    using _running = startRetention(config, { ...options(clock), store, onPruned });
    clock.advance(36 * MINUTE_MS);
    expect(pruned).toEqual([10, 10, 5]);
  });

  test("reports a pass that fails, and makes no other", () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    const store = storeWithRows(folder.file("weir.db"), clock.now(), 1);
    store[Symbol.dispose]();
    const faults: unknown[] = [];
    const onFault = (fault: unknown) => faults.push(fault);
    using _running = startRetention(config, { ...options(clock), store, onFault });
    clock.advance(10 * MINUTE_MS);
    expect(faults).toHaveLength(1);
  });
});

function options(clock: ReturnType<typeof createFakeClock>) {
  const { logger } = createTestContext(clock);
  const onFault = (fault: unknown) => {
    throw fault;
  };
  return { clock, logger, onPruned: () => {}, onFault };
}
