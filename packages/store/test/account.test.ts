import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { enter, missingBelow, missingCount, type OpenAccount } from "../src/ledger/account.ts";

const limits = { rangesMax: 4, jumpMax: 1_000 };
const generous = { rangesMax: 1_000, jumpMax: 1_000 };

const empty = (): OpenAccount => ({ through: 0, ranges: [] });

function enterAll(seqs: readonly number[], within = limits): OpenAccount {
  const account = empty();
  for (const seq of seqs) enter(account, seq, within);
  return account;
}

describe("an account", () => {
  test("of messages in order is one number", () => {
    expect(enterAll([1, 2, 3])).toEqual({ through: 3, ranges: [] });
  });

  test("remembers gaps, and closes them", () => {
    expect(enterAll([1, 4, 5])).toEqual({ through: 1, ranges: [[4, 5]] });
    expect(enterAll([1, 4, 6, 5])).toEqual({ through: 1, ranges: [[4, 6]] });
    expect(enterAll([1, 4, 3])).toEqual({ through: 1, ranges: [[3, 4]] });
    expect(enterAll([1, 4, 3, 2])).toEqual({ through: 4, ranges: [] });
  });

  test("knows what has come, in order or beyond a gap", () => {
    const account = enterAll([1, 2, 5]);
    expect([1, 2, 5].map((seq) => enter(account, seq, limits))).toEqual([
      "duplicate",
      "duplicate",
      "duplicate",
    ]);
  });

  test("does not follow a jump beyond its limit", () => {
    expect(enter(enterAll([1]), 1_002, limits)).toBe("beyond limits");
    expect(enter(enterAll([1]), 1_001, limits)).toBe("new");
  });

  test("takes any number as its first: a store may be younger than its publishers", () => {
    const account = enterAll([9_000_000, 9_000_001]);
    expect(account).toEqual({ through: 0, ranges: [[9_000_000, 9_000_001]] });
    expect(missingCount(account)).toBe(8_999_999);
  });

  test("remembers no more gaps than its limit, but still closes those that it has", () => {
    const full = enterAll([2, 4, 6, 8]);
    expect(enter(full, 10, limits)).toBe("beyond limits");
    expect(enter(full, 9, limits)).toBe("new");
    expect(enter(full, 1, limits)).toBe("new");
    expect(full).toEqual({
      through: 2,
      ranges: [
        [4, 4],
        [6, 6],
        [8, 9],
      ],
    });
  });

  test("forgets what stands alone and far ahead for a number before it, never a long range", () => {
    const scattered = enterAll([1, 700, 701, 702, 300, 500, 900]);
    expect(enter(scattered, 3, limits)).toBe("new");
    expect(scattered.ranges.map(([from]) => from)).toEqual([3, 300, 500, 700]);
    expect([4, 2, 800].map((seq) => enter(scattered, seq, limits))).toEqual(["new", "new", "new"]);
    expect(scattered).toEqual({
      through: 4,
      ranges: [
        [300, 300],
        [500, 500],
        [700, 702],
        [800, 800],
      ],
    });
  });

  test("lists what is missing below a number", () => {
    const account = enterAll([1, 4, 7]);
    expect(missingBelow(account, 10)).toEqual([
      [2, 3],
      [5, 6],
      [8, 9],
    ]);
    expect(missingBelow(account, 6)).toEqual([
      [2, 3],
      [5, 5],
    ]);
    expect(missingBelow(account, 2)).toEqual([]);
  });

  test("equals a set of numbers, whatever comes in whatever order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 120 }), (seqs) => {
        const seen = new Set<number>();
        const account = empty();
        for (const seq of seqs) {
          expect(enter(account, seq, generous)).toBe(seen.has(seq) ? "duplicate" : "new");
          seen.add(seq);
        }
        const missing = missingBelow(account, 61).flatMap(([from, to]) =>
          Array.from({ length: to - from + 1 }, (_, index) => from + index),
        );
        const all = Array.from({ length: 60 }, (_, index) => index + 1);
        expect(missing).toEqual(all.filter((seq) => !seen.has(seq)));
      }),
    );
  });
});
