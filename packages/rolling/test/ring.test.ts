import { describe, expect, test } from "@jest/globals";
import { createRing } from "@weir/rolling";
import fc from "fast-check";

const NOW = 1_000_000;
const options = { spansSeconds: [60, 300, 1_800], slackSeconds: 120, aheadSeconds: 3_600 };

const averages = (ring: ReturnType<typeof createRing>, at: number) =>
  ring.summarize(at).map(({ average }) => average);

describe("a ring", () => {
  test("is empty before the first reading", () => {
    const empty = { count: 0, average: null, min: null, max: null, ageSeconds: null };
    expect(createRing(options, NOW).summarize(NOW)).toEqual([empty, empty, empty]);
  });

  test("counts the seconds in (S - span, S]: the newest in, the oldest out", () => {
    const ring = createRing(options, NOW);
    ring.add(NOW, 1);
    ring.add(NOW - 59, 2);
    ring.add(NOW - 60, 4);
    expect(ring.summarize(NOW).map(({ count }) => count)).toEqual([2, 3, 3]);
  });

  test("lets a silent feed age until nothing is left", () => {
    const ring = createRing(options, NOW);
    ring.add(NOW, 42);
    expect(averages(ring, NOW + 59)).toEqual([42, 42, 42]);
    expect(averages(ring, NOW + 60)).toEqual([null, 42, 42]);
    expect(averages(ring, NOW + 300)).toEqual([null, null, 42]);
    expect(averages(ring, NOW + 1_800)).toEqual([null, null, null]);
  });

  test("tells the age of the newest reading, the smallest and the largest", () => {
    const ring = createRing(options, NOW);
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
    const ring = createRing(options, NOW);
    ring.add(NOW + 30, 5);
    expect(averages(ring, NOW + 29)).toEqual([null, null, null]);
    expect(averages(ring, NOW + 30)).toEqual([5, 5, 5]);
  });

  test("no longer covers a second that lies further back than its slack", () => {
    const ring = createRing(options, NOW);
    ring.summarize(NOW);
    expect(ring.covers(NOW - 120)).toBe(true);
    expect(ring.covers(NOW - 121)).toBe(false);
  });

  test("no longer covers the second of a reading that it had to turn away", () => {
    const ring = createRing(options, NOW);
    ring.add(NOW + 5_000, 1);
    ring.summarize(NOW + 3_600);
    expect(ring.covers(NOW + 3_600)).toBe(true);
    expect(ring.covers(NOW + 3_601)).toBe(false);
  });

  test("holds no more buckets than seconds that it answers for", () => {
    const ring = createRing(options, NOW);
    for (let second = NOW; second < NOW + 4_000; second += 1) {
      ring.add(second, 1);
      ring.summarize(second);
    }
    expect(ring.bucketCount).toBeLessThanOrEqual(1_800 + 120);
  });

  test("sums a million readings of mixed magnitude without drifting", () => {
    const ring = createRing(options, NOW);
    for (let index = 0; index < 500_000; index += 1) {
      ring.add(NOW, 1e15);
      ring.add(NOW, 0.1);
      ring.add(NOW, -1e15);
    }
    expect(averages(ring, NOW)[0]).toBeCloseTo(0.1 / 3, 12);
  });

  test("equals a plain sum over the readings of each window, in any order of arrival", () => {
    const reading = fc.record({
      second: fc.integer({ min: NOW - 2_500, max: NOW + 100 }),
      value: fc.integer({ min: -1_000, max: 1_000 }),
    });
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 200 }), (readings) => {
        const ring = createRing(options, NOW);
        for (const { second, value } of readings) ring.add(second, value);
        const expected = options.spansSeconds.map((span) => {
          const inside = readings.filter(({ second }) => second > NOW - span && second <= NOW);
          const sum = inside.reduce((total, { value }) => total + value, 0);
          return inside.length === 0 ? null : sum / inside.length;
        });
        expect(averages(ring, NOW)).toEqual(expected);
      }),
    );
  });
});
