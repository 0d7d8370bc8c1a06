import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { backoffMs } from "../src/index.ts";

const BACKOFF = { baseMs: 200, capMs: 10_000 };
const ALMOST_ONE = 1 - Number.EPSILON;

describe("backoff", () => {
  test("doubles its ceiling with each attempt, up to the cap", () => {
    const ceilings = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => backoffMs(BACKOFF, n, ALMOST_ONE));
    expect(ceilings).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  });

  test("has full jitter: any wait from none to the ceiling", () => {
    expect([0, 0.25, 0.5].map((random) => backoffMs(BACKOFF, 3, random))).toEqual([0, 400, 800]);
  });

  test("stays within the cap whatever the attempt and the dice", () => {
    const anyRandom = fc.double({ min: 0, max: ALMOST_ONE, noNaN: true });
    const property = fc.property(fc.nat(), anyRandom, (attempt, random) => {
      const waitMs = backoffMs(BACKOFF, attempt, random);
      return Number.isInteger(waitMs) && waitMs >= 0 && waitMs <= BACKOFF.capMs;
    });
    fc.assert(property);
  });
});
