import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Ring } from "../src/ring.ts";

const NOW = 1_000_000;
const SPANS_SECONDS = [60, 300, 1_800];

const averages = (ring: Ring, at: number) => ring.summarize(at).map(({ average }) => average);

describe("a ring", () => {
  test("is empty before the first reading", () => {
    const empty = { count: 0, average: null, min: null, max: null, ageSeconds: null };
    expect(new Ring(NOW).summarize(NOW)).toEqual([empty, empty, empty]);
  });

  test("counts the seconds in (S - span, S]: the newest in, the oldest out", () => {
    const ring = new Ring(NOW);
    ring.add(NOW, 1);
    ring.add(NOW - 59, 2);
    ring.add(NOW - 60, 4);
    expect(ring.summarize(NOW).map(({ count }) => count)).toEqual([2, 3, 3]);
  });

  test("lets a silent feed age until nothing is left", () => {
    const ring = new Ring(NOW);
    ring.add(NOW, 42);
    expect(averages(ring, NOW + 59)).toEqual([42, 42, 42]);
    expect(averages(ring, NOW + 60)).toEqual([null, 42, 42]);
    expect(averages(ring, NOW + 300)).toEqual([null, null, 42]);
    expect(averages(ring, NOW + 1_800)).toEqual([null, null, null]);
  });

  test("has the age of the newest reading, the smallest and the largest", () => {
    const ring = new Ring(NOW);
    ring.add(NOW - 7, -3);
    ring.add(NOW - 70, 9);
    expect(ring.summarize(NOW)[1]).toEqual({
      count: 2,
      average: 3,
      min: -3,
      max: 9,
      ageSeconds: 7,
    });
  });

  test("keeps a reading of a second to come until it comes", () => {
    const ring = new Ring(NOW);
    ring.add(NOW + 30, 5);
    expect(averages(ring, NOW + 29)).toEqual([null, null, null]);
    expect(averages(ring, NOW + 30)).toEqual([5, 5, 5]);
  });

  test("no longer covers a second that lies further back than its slack", () => {
    const ring = new Ring(NOW);
    ring.summarize(NOW);
    expect(ring.covers(NOW - 120)).toBe(true);
    expect(ring.covers(NOW - 121)).toBe(false);
  });

  test("no longer covers the second of a reading that it had to turn away", () => {
    const ring = new Ring(NOW);
    ring.add(NOW + 5_000, 1);
    ring.summarize(NOW + 3_600);
    expect(ring.covers(NOW + 3_600)).toBe(true);
    expect(ring.covers(NOW + 3_601)).toBe(false);
  });

  test("is empty again when its last reading is older than any window", () => {
    const ring = new Ring(NOW);
    ring.add(NOW, 1);
    ring.moveTo(NOW + 1_919);
    expect(ring.isEmpty).toBe(false);
    ring.moveTo(NOW + 1_920);
    expect(ring.isEmpty).toBe(true);
  });

  test("is not empty while what it turned away may still come", () => {
    const ring = new Ring(NOW);
    ring.add(NOW + 5_000, 1);
    expect(ring.isEmpty).toBe(false);
  });

  test("sums a million readings of mixed magnitude without drifting", () => {
    const ring = new Ring(NOW);
    for (let index = 0; index < 500_000; index += 1) {
      ring.add(NOW, 1e15);
      ring.add(NOW, 0.1);
      ring.add(NOW, -1e15);
    }
    expect(averages(ring, NOW)[0]).toBeCloseTo(0.1 / 3, 12);
  });

  // The narrow range has many readings in one second.
  test.each([2_500, 40])(
    "equals plain aggregates over the readings of each window, of the last %d seconds in any order",
    (rangeSeconds) => {
      const reading = fc.record({
        second: fc.integer({ min: NOW - rangeSeconds, max: NOW + 100 }),
        value: fc.integer({ min: -1_000, max: 1_000 }),
        // A store sums up what it has of a second.
        isAggregate: fc.boolean(),
      });
      fc.assert(
        fc.property(fc.array(reading, { maxLength: 300 }), (readings) => {
          const ring = new Ring(NOW);
          for (const { second, value, isAggregate } of readings) {
            if (isAggregate) {
              ring.addAggregate({ second, count: 1, sum: value, min: value, max: value });
            } else ring.add(second, value);
          }
          expect(ring.summarize(NOW)).toEqual(
            SPANS_SECONDS.map((span) => {
              const inside = readings.filter(({ second }) => second > NOW - span && second <= NOW);
              return summaryOf(inside);
            }),
          );
        }),
      );
    },
  );
});

function summaryOf(readings: readonly { second: number; value: number }[]) {
  const count = readings.length;
  if (count === 0) return { count, average: null, min: null, max: null, ageSeconds: null };
  const values = readings.map(({ value }) => value);
  return {
    count,
    average: values.reduce((total, value) => total + value, 0) / count,
    min: Math.min(...values),
    max: Math.max(...values),
    ageSeconds: NOW - Math.max(...readings.map(({ second }) => second)),
  };
}
