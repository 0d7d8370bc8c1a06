import { describe, expect, test } from "@jest/globals";
import { silentAfterMs, stateOf } from "../../src/devices/device-state.ts";

const NOW_MS = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const ONLINE = { isOnline: true, sinceMs: 5 };

describe("a device is silent after", () => {
  test.each([
    [1_000, 60_000],
    [20_000, 60_000],
    [30_000, 90_000],
    [600_000, 1_800_000],
    [0, 3_600_000],
  ])("an interval of %d ms: %d ms", (intervalMs, afterMs) => {
    expect(silentAfterMs(intervalMs)).toBe(afterMs);
  });
});

describe("the state of a device", () => {
  const stateAt = (ageMs: number, presence: { isOnline: boolean; sinceMs: number | null } | null) =>
    stateOf({ presence, heardMs: NOW_MS - ageMs, intervalMs: 10_000, nowMs: NOW_MS });

  test("without birth and will follows from the age of its newest message", () => {
    expect(stateAt(MINUTE_MS, null)).toEqual({ state: "heard", sinceMs: null });
    expect(stateAt(MINUTE_MS + 1, null)).toEqual({
      state: "silent",
      sinceMs: NOW_MS - MINUTE_MS - 1,
    });
  });

  test("is what it says itself", () => {
    expect(stateAt(10 * MINUTE_MS, ONLINE)).toEqual({ state: "online", sinceMs: 5 });
    expect(stateAt(0, { isOnline: false, sinceMs: null })).toEqual({
      state: "offline",
      sinceMs: null,
    });
    const went = { isOnline: false, sinceMs: NOW_MS - 30_000 };
    expect(stateAt(0, went)).toEqual({ state: "offline", sinceMs: NOW_MS - 30_000 });
  });

  test("is heard where it goes on long after its will", () => {
    const went = { isOnline: false, sinceMs: NOW_MS - 5 * MINUTE_MS };
    expect(stateAt(0, went)).toEqual({ state: "heard", sinceMs: null });
    expect(stateAt(2 * MINUTE_MS, went)).toMatchObject({ state: "silent" });
  });

  test("is heard when the clock was set back", () => {
    expect(stateAt(-10 * MINUTE_MS, null)).toMatchObject({ state: "heard" });
  });
});
