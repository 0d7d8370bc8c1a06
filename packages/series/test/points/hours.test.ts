import { describe, expect, test } from "@jest/globals";
import { decodeHours, encodeHours, merge, type PartialBucket, partialOf } from "@weir/series";
import fc from "fast-check";

const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;

interface Sample {
  us: number;
  value: number;
}

/** The hours of one day that points in the order of time leave behind. */
function hoursOf(points: readonly Sample[], dayUs: number): Map<number, PartialBucket> {
  const hours = new Map<number, PartialBucket>();
  for (const sample of points.toSorted((one, other) => one.us - other.us)) {
    const hour = Math.floor((sample.us - dayUs) / HOUR_US);
    hours.set(hour, merge(hours.get(hour) ?? null, partialOf(sample)) as PartialBucket);
  }
  return hours;
}

function expectSame(found: Map<number, PartialBucket>, expected: Map<number, PartialBucket>): void {
  expect([...found.keys()]).toEqual([...expected.keys()].sort((one, other) => one - other));
  for (const [hour, partial] of expected) {
    const same = found.get(hour) as PartialBucket;
    expect(exactPart(same)).toEqual(exactPart(partial));
    expectNear(same.sum, partial.sum);
    expectNear(same.increase, partial.increase);
    expectNear(same.integral, partial.integral);
  }
}

function exactPart({ count, transitions, min, max, first, last }: PartialBucket): number[] {
  const numbers = [count, transitions, min, max, first.us, first.value, last.us, last.value];
  // A negative zero may become zero.
  return numbers.map((number) => number + 0);
}

function expectNear(found: number, expected: number): void {
  if (found === expected || (Number.isNaN(found) && Number.isNaN(expected))) return;
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-12 * Math.abs(expected));
}

const days = fc.integer({ min: -20_000, max: 80_000 }).map((day) => day * DAY_US);
const times = fc.constantFrom(1, 1_000, 1_000_000, 60_000_000, 600_000_000).chain((unitUs) =>
  fc.array(
    fc.integer({ min: 0, max: DAY_US / unitUs - 1 }).map((time) => time * unitUs),
    {
      maxLength: 200,
    },
  ),
);
const values = fc.oneof(
  fc.constant(() => fc.double()),
  fc.nat(9).map((scale) => () => fc.integer().map((digits) => digits / 10 ** scale)),
  fc
    .nat(2)
    .map(
      (scale) => () => fc.integer({ min: -300, max: 300 }).map((digits) => digits / 10 ** scale),
    ),
  fc.constant(() => fc.constantFrom(0, 1, 2 ** 50, -(2 ** 50), Number.MAX_VALUE)),
);
const anyDay = fc.tuple(days, times, values).chain(([dayUs, all, value]) =>
  fc.array(value(), { minLength: all.length, maxLength: all.length }).map((list) => ({
    dayUs,
    points: all.map((time, index) => ({ us: dayUs + time, value: list[index] as number })),
  })),
);

const DAY = Date.parse("2026-11-27T00:00:00Z") * 1_000;

describe("the hours of a day", () => {
  test("come back: counts, values and times exactly, sums but for the error of adding", () => {
    fc.assert(
      fc.property(anyDay, ({ dayUs, points }) => {
        const hours = hoursOf(points, dayUs);
        expectSame(decodeHours(encodeHours(hours), dayUs), hours);
      }),
      { numRuns: 1_000 },
    );
  });

  test("take less than 26 bytes an hour of ordinary readings", () => {
    const points = Array.from({ length: 8_640 }, (_, index) => ({
      us: DAY + index * 10_000_000 + ((index * 7_919) % 97) * 1_000,
      value: Math.round(20_000 + 900 * Math.sin(index / 700) + ((index * 104_729) % 41)) / 1_000,
    }));
    const blob = encodeHours(hoursOf(points, DAY));
    expect(blob.length / 24).toBeLessThan(26);
  });

  test("take less than 14 bytes an hour of a state", () => {
    const points = Array.from({ length: 1_440 }, (_, index) => ({
      us: DAY + index * 60_000_000,
      value: Number(index % 500 > 400),
    }));
    expect(encodeHours(hoursOf(points, DAY)).length / 24).toBeLessThan(14);
  });

  test("may be none", () => {
    expect(decodeHours(encodeHours(new Map()), DAY)).toEqual(new Map());
  });

  test("are refused where they are cut off, or of a version that is not known", () => {
    const blob = encodeHours(
      hoursOf(
        [
          { us: DAY, value: 1.5 },
          { us: DAY + 1, value: 2.5 },
        ],
        DAY,
      ),
    );
    for (let length = 0; length < blob.length; length++) {
      expect(() => decodeHours(blob.subarray(0, length), DAY)).toThrow("cut off");
    }
    expect(() => decodeHours(Uint8Array.of(...blob, 0), DAY)).toThrow("1 bytes follow the hours");
    const later = Uint8Array.from(blob);
    later[0] = 9;
    expect(() => decodeHours(later, DAY)).toThrow("hours of version 9 are not known here");
  });

  test("are refused under another hour than that of their points", () => {
    const partial = partialOf({ us: DAY, value: 1 });
    expect(() => encodeHours(new Map([[3, partial]]))).toThrow("is not in hour 3");
  });
});
