import { expect, test } from "@jest/globals";
import { type Statistics, WINDOWS } from "@weir/protocol";
import { type NewRow, openReader, pruneLimits } from "@weir/store";
import { openTestStore, rowOf, START_US, temporaryFolder } from "@weir/testkit";
import fc from "fast-check";
import { compareWithSql } from "../src/compare-with-sql.ts";
import { Follower } from "../src/follower.ts";
import { Deleting } from "./deleting.ts";

const START_SECONDS = START_US / 1e6;
const SKEW_SECONDS = 60;
const RETENTION_SECONDS = 35 * 60;
/** Hundreds of stores, each opened again and again: much work on a slow machine. */
const TIMEOUT_MS = 600_000;

/** What may happen to a store and its reader, in any order. */
type Step =
  | { kind: "append"; rows: { number: unknown; offsetSeconds: number }[] }
  | { kind: "pass"; seconds: number }
  | { kind: "jump"; seconds: number }
  | { kind: "prune"; rowsMax: number }
  | { kind: "delete"; fromSeconds: number; seconds: number }
  | { kind: "undo" }
  | { kind: "restart stats" }
  | { kind: "restart logger" };

const number = fc.oneof(
  fc.integer({ min: 1, max: 100 }),
  fc.double({ min: -1e15, max: 1e15, noNaN: true }),
  fc.constantFrom(1e15, -1e15, 1e-300, 0, "12.5", "rubbish", null, 1e16),
);
const offsetSeconds = fc.oneof(
  fc.constant(0),
  fc.integer({ min: -120, max: SKEW_SECONDS }),
  fc.integer({ min: -4_000, max: 4_000 }),
  fc.double({ min: -1_900, max: 90, noNaN: true }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      rows: fc.array(fc.record({ number, offsetSeconds }), { maxLength: 40 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      seconds: fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 2_400 })),
    }),
  },
  fc.record({
    kind: fc.constant("jump" as const),
    seconds: fc.constantFrom(-86_400, -3_600, -200, -1, 1, 300, 86_400),
  }),
  fc.record({ kind: fc.constant("prune" as const), rowsMax: fc.integer({ min: 1, max: 60 }) }),
  fc.record({
    kind: fc.constant("delete" as const),
    fromSeconds: fc.integer({ min: -2_400, max: 10 }),
    seconds: fc.integer({ min: 1, max: 2_400 }),
  }),
  fc.record({ kind: fc.constant("undo" as const) }),
  fc.record({ kind: fc.constant("restart stats" as const) }),
  fc.record({ kind: fc.constant("restart logger" as const) }),
);

function rowAt(nowSeconds: number, given: { number: unknown; offsetSeconds: number }): NewRow {
  const epochtime = nowSeconds + given.offsetSeconds;
  return rowOf(JSON.stringify({ number: given.number, epochtime }), nowSeconds * 1e6);
}

test(
  "every published average equals SQL's over exactly the rows that it names",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        using folder = temporaryFolder();
        const file = folder.file("weir.db");
        let nowSeconds = START_SECONDS;
        let store = openTestStore(file);
        let follower = new Follower(file);
        const deleting = new Deleting({ kind: "file", file });
        try {
          for (const current of steps) {
            switch (current.kind) {
              case "append":
                if (current.rows.length > 0) {
                  store.append(current.rows.map((row) => rowAt(nowSeconds, row)));
                }
                break;
              case "pass":
              case "jump":
                nowSeconds += current.seconds;
                break;
              case "prune":
                store.prune(
                  pruneLimits({
                    nowUs: nowSeconds * 1e6,
                    retentionUs: RETENTION_SECONDS * 1e6,
                    skewUs: SKEW_SECONDS * 1e6,
                    rowsMax: current.rowsMax,
                  }),
                );
                break;
              case "delete": {
                const from = nowSeconds + current.fromSeconds;
                const span = { fromUs: from * 1e6, toUs: (from + current.seconds) * 1e6 };
                deleting.hide(store, { filters: ["#"], ...span });
                break;
              }
              case "undo":
                deleting.undo(store);
                break;
              case "restart stats":
                follower[Symbol.dispose]();
                follower = new Follower(file);
                break;
              case "restart logger":
                store[Symbol.dispose]();
                store = openTestStore(file);
                break;
            }
            await follower.follow(nowSeconds);
            expectEqualToSql(file, follower.statistics(nowSeconds));
          }
        } finally {
          follower[Symbol.dispose]();
          store[Symbol.dispose]();
        }
      }),
      { numRuns: 400 },
    );
  },
  TIMEOUT_MS,
);

function expectEqualToSql(file: string, statistics: Statistics | null): void {
  if (statistics === null) throw new Error("there is a store, so there are statistics");
  using reader = openReader(file);
  if (reader === null) throw new Error("there is a store");
  expect(statistics.throughId).toBe(reader.state().lastId);
  expect(statistics.lagRows).toBe(0);
  for (const window of WINDOWS) {
    expect(compareWithSql(window, statistics, reader)).toMatchObject({ isEqual: true });
  }
}
