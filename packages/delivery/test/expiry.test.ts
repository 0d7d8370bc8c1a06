import { describe, expect, test } from "@jest/globals";
import { isExpired } from "../src/index.ts";
import { expiring, expirySeconds } from "../src/lane.ts";

describe("the expiry of an event", () => {
  test("is over at its millisecond, and not before", () => {
    const payload = expiring({ pressed: true }, 15_250);
    expect(payload).toEqual({ pressed: true, expiresAt: 15.25 });
    expect([15_249, 15_250].map((nowMs) => isExpired(payload, nowMs))).toEqual([false, true]);
  });

  test("is never over for a payload that has none, or one that is no number", () => {
    const payloads = [{}, [], { expiresAt: "1" }, { expiresAt: null }];
    expect(payloads.some((payload) => isExpired(payload, Number.MAX_SAFE_INTEGER))).toBe(false);
  });

  test("is at least one second for the broker", () => {
    expect([1, 999, 1_000, 1_001, 15_000].map(expirySeconds)).toEqual([1, 1, 1, 2, 15]);
  });
});
