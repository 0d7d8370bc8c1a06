import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { openSegmentedStore, type SegmentedStore } from "@weir/store";
import { createFakeClock, createTestContext, type FakeClock, temporaryFolder } from "@weir/testkit";
import { msUntilRotation, startRotation } from "../src/maintenance.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const NOON_MS = Date.UTC(2026, 0, 1, 12);

function open(folder: string, clock: FakeClock): SegmentedStore {
  const nowUs = clock.now() * 1_000;
  return openSegmentedStore({ folder, stream: "data", synchronous: "NORMAL", nowUs });
}

function start(
  store: SegmentedStore,
  { clock, periodMs = DAY_MS }: { clock: FakeClock; periodMs?: number },
) {
  const counts = { rotations: 0, failedRotations: 0 };
  const finishing: string[] = [];
  const running = startRotation({
    periodMs,
    store,
    finalizer: { finish: (file) => finishing.push(file) },
    clock,
    logger: createTestContext(clock).logger,
    counts,
  });
  return { counts, finishing, running };
}

const namesOf = (store: SegmentedStore): string[] => store.segments().map(({ name }) => name);
const filesOf = (store: SegmentedStore): string[] => store.segments().map(({ file }) => file);

describe("rotation", () => {
  test("begins a segment at midnight UTC, though no message comes", () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(NOON_MS);
    using store = open(folder.path, clock);
    const { counts, finishing, running } = start(store, { clock });
    using _running = running;
    clock.advance(DAY_MS / 2 - 1);
    expect(counts.rotations).toBe(0);
    clock.advance(1);
    clock.advance(DAY_MS);
    expect(namesOf(store)).toEqual([
      "2026-01-01/data-20260101T120000.000000Z.db",
      "2026-01-02/data-20260102T000000.000000Z.db",
      "2026-01-03/data-20260103T000000.000000Z.db",
    ]);
    expect(finishing).toEqual(filesOf(store).slice(0, 2));
    expect(counts.rotations).toBe(2);
  });

  test("rotates a segment of an earlier period at once after a start, and hands on what was left unfinished", () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(NOON_MS);
    {
      using store = open(folder.path, clock);
      clock.advance(MINUTE_MS);
      store.rotate(clock.now() * 1_000);
    }
    clock.advance(10 * DAY_MS);
    using store = open(folder.path, clock);
    const { finishing, running } = start(store, { clock });
    using _running = running;
    expect(namesOf(store).at(-1)).toBe("2026-01-11/data-20260111T120100.000000Z.db");
    expect(finishing).toEqual(filesOf(store).slice(0, 2));
  });

  test("leaves a segment of this period as it is after a start", () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(NOON_MS);
    open(folder.path, clock)[Symbol.dispose]();
    clock.advance(MINUTE_MS);
    using store = open(folder.path, clock);
    using _running = start(store, { clock }).running;
    expect(namesOf(store)).toHaveLength(1);
  });

  test("tries again while no segment can be begun, less and less often", () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(NOON_MS);
    using store = open(folder.path, clock);
    // A file where the next day's folder is to be.
    writeFileSync(folder.file("2026-01-02"), "");
    const { counts, running } = start(store, { clock });
    using _running = running;
    clock.advance(DAY_MS / 2);
    expect(counts.failedRotations).toBe(1);
    clock.advance(7_000);
    expect(counts.failedRotations).toBe(4);
    clock.advance(MINUTE_MS);
    expect(counts.failedRotations).toBe(7);
    clock.advance(DAY_MS);
    expect(namesOf(store).at(-1)).toMatch(/^2026-01-03\/data-20260103T0000/);
    expect(counts.rotations).toBe(1);
  });

  test("is on time within seconds when the clock is set, forward or back", () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(NOON_MS);
    using store = open(folder.path, clock);
    const { counts, running } = start(store, { clock });
    using _running = running;
    clock.jump(3 * DAY_MS);
    clock.advance(10_000);
    expect(counts.rotations).toBe(1);
    // Now the live segment lies in the future: it is not kept for days.
    clock.jump(-3 * DAY_MS);
    clock.advance(10_000);
    expect(counts.rotations).toBe(2);
    clock.advance(DAY_MS);
    expect(counts.rotations).toBe(3);
    expect(namesOf(store)).toEqual(namesOf(store).toSorted());
  });

  test("ends when it is disposed of", () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(NOON_MS);
    using store = open(folder.path, clock);
    start(store, { clock }).running[Symbol.dispose]();
    clock.advance(3 * DAY_MS);
    expect(namesOf(store)).toHaveLength(1);
  });
});

describe("the time until a rotation", () => {
  test.each([
    ["runs to the next multiple of the period", { nowMs: 25, sinceMs: 21, periodMs: 20 }, 15],
    ["is a whole period at its start", { nowMs: 40, sinceMs: 40, periodMs: 20 }, 20],
    ["is over once the period is", { nowMs: 40, sinceMs: 39, periodMs: 20 }, 0],
    [
      "is not cut short by a clock that was set back a little",
      { nowMs: 39, sinceMs: 41, periodMs: 20 },
      21,
    ],
    [
      "is over when the clock was ahead by more than a period",
      { nowMs: 10, sinceMs: 31, periodMs: 20 },
      0,
    ],
  ])("%s", (_, times, waitMs) => {
    expect(msUntilRotation(times)).toBe(waitMs);
  });
});
