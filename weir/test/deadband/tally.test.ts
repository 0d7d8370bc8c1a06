import { describe, expect, test } from "@jest/globals";
import type { DeadbandRule } from "@weir/device-agent/deadband";
import fc from "fast-check";
import { candidateRules, spanning, startTally, type Tally } from "../../src/deadband-tally.ts";

const SECOND_MS = 1_000;
/** Sums of many are rounded, and squares of the smallest are zero. */
const ROUNDING = 1e-9;

function tallyOf(values: readonly number[], rule: DeadbandRule): Tally {
  const tallying = startTally(rule);
  for (const [index, value] of values.entries()) tallying.add(value, index * SECOND_MS);
  return tallying.result();
}

function within(width: number, maxSilenceMs = 3_600_000): DeadbandRule {
  return { deadband: { kind: "absolute", width }, maxSilenceMs };
}

describe("the tally of a deadband", () => {
  test("counts what would have been reported, and how far the rest lies from it", () => {
    const { samples, reported, error } = tallyOf([0, 3, -4, 10, 10], within(5));
    expect({ samples, reported, ...error }).toEqual({
      samples: 5,
      reported: 2,
      mean: 7 / 5,
      max: 4,
      rootMeanSquare: Math.sqrt(25 / 5),
    });
  });

  test("reports after the longest silence", () => {
    expect(tallyOf([1, 1, 1, 1, 1, 1, 1], within(5, 3 * SECOND_MS)).reported).toBe(3);
  });

  test("is zero without values", () => {
    expect(tallyOf([], within(1))).toMatchObject({ samples: 0, reported: 0, error: { mean: 0 } });
  });

  test("never has an error above the deadband", () => {
    const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }));
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 50, noNaN: true }), (walk, width) => {
        const { error } = tallyOf(walk, within(width));
        expect(error.max).toBeLessThanOrEqual(width);
        expect(error.rootMeanSquare).toBeLessThanOrEqual(error.max + ROUNDING);
        expect(error.mean).toBeLessThanOrEqual(error.rootMeanSquare + ROUNDING);
      }),
    );
  });
});

describe("the deadbands to choose from", () => {
  const rules = candidateRules(3_600_000);
  const widths = (values: readonly number[]) =>
    spanning(rules.map((rule) => tallyOf(values, rule))).map(({ rule: { deadband } }) =>
      deadband?.kind === "absolute" ? deadband.width : null,
    );

  test("span the changes: from what saves nothing to what saves all", () => {
    // Steps of 1, 2, 3 and so on, and back to 0.
    const values = Array.from({ length: 200 }, (_, index) => (index % 2) * (1 + (index % 100)));
    const found = widths(values);
    expect(found).toHaveLength(10);
    expect(found[0]).toBeLessThanOrEqual(2);
    expect(found.at(-1)).toBe(100);
    expect(found).toEqual(found.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
  });

  test("are round", () => {
    expect(
      widths([0, 0.0001, 0, 0.5, 0]).every((width) =>
        /^[12357](\.5)?(e-\d)?$|^0?\.?0*\d{1,2}$/.test(String(width)),
      ),
    ).toBe(true);
  });

  test("are a single one for values that never change", () => {
    expect(widths([7, 7, 7])).toEqual([1e-6]);
  });
});
