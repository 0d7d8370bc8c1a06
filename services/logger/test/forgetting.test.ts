import { expect, test } from "@jest/globals";
import { EPOCH_IDLE_US } from "@weir/store";
import { createFakeClock, openTestStore, rowOf, START_US, temporaryFolder } from "@weir/testkit";
import { startForgetting } from "../src/maintenance.ts";

const MINUTE_MS = 60_000;

test("what is complete is forgotten when it has been idle for a month, not before", () => {
  using folder = temporaryFolder();
  using store = openTestStore(folder.file("weir.db"));
  const clock = createFakeClock(START_US / 1_000);
  const faults: unknown[] = [];
  using _forgetting = startForgetting({
    store,
    clockSteadyMs: 0,
    clock,
    onFault: (fault) => faults.push(fault),
  });
  const place = { publisher: "kitchen", epoch: "e", seq: 1 };
  store.append([rowOf(JSON.stringify({ number: 1, ...place }))]);
  clock.advance(EPOCH_IDLE_US / 1_000 - MINUTE_MS);
  expect(store.receiptOf("kitchen")).toHaveLength(1);
  clock.advance(2 * MINUTE_MS);
  expect([store.receiptOf("kitchen"), faults]).toEqual([[], []]);
});
