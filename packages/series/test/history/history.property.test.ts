import { expect, test } from "@jest/globals";
import { type Bucket, Buckets, Collector, Pace, SeriesHistory } from "@weir/series";
import fc from "fast-check";
import {
  foldPoints,
  merge,
  type PartialBucket,
  partialOf,
  type Sample,
} from "../../src/buckets/partial.ts";

/** The last one may be before the last point: a clock is ahead. */
const NOWS = { min: 60, max: 120 };
const EDGES_MAX = 100;

const sample = fc.record({
  us: fc.integer({ min: -5, max: EDGES_MAX + 5 }),
  value: fc.integer({ min: 0, max: 9 }),
});
const edgesFound = fc
  .uniqueArray(fc.integer({ min: 1, max: EDGES_MAX - 1 }), { minLength: 1, maxLength: 12 })
  .map((inner) => [0, ...inner.toSorted((one, other) => one - other), EDGES_MAX]);

/** In the order of time; of points with one time, in the order of arrival. */
const inOrder = (samples: readonly Sample[]) => samples.toSorted((one, other) => one.us - other.us);

/** The answer by a loop over all points, microsecond by microsecond where time counts. */
function straightforward(samples: readonly Sample[], edges: readonly number[], nowUs: number) {
  const known = inOrder(samples).filter(({ us }) => us >= (edges[0] as number));
  const within = (from: number, to: number) => known.filter(({ us }) => us >= from && us < to);
  return edges.slice(1, -1).map((fromUs, index): Bucket => {
    const toUs = edges[index + 2] as number;
    const points = within(fromUs, toUs);
    const values = points.map(({ value }) => value);
    const first = points[0] ?? null;
    const last = points.at(-1) ?? null;
    const span = { fromUs, toUs, count: points.length, first, last };
    if (first === null || last === null) {
      const nothing = { min: null, max: null, average: null, timeWeightedAverage: null };
      return { ...span, ...nothing, increase: null, transitions: null };
    }
    let before = known.findLast(({ us }) => us < fromUs)?.value;
    let increase = 0;
    let transitions = 0;
    for (const value of values) {
      if (before !== undefined) increase += value < before ? value : value - before;
      if (before !== undefined && value !== before) transitions += 1;
      before = value;
    }
    const held = within(edges[index] as number, fromUs).at(-1);
    const from = held === undefined ? first.us : fromUs;
    let area = 0;
    let duration = 0;
    for (let us = from; us < Math.max(last.us, Math.min(toUs, nowUs)); us += 1) {
      area += (points.findLast((point) => point.us <= us) ?? held)?.value as number;
      duration += 1;
    }
    return {
      ...span,
      min: Math.min(...values),
      max: Math.max(...values),
      average: values.reduce((sum, value) => sum + value) / values.length,
      timeWeightedAverage: duration === 0 ? last.value : area / duration,
      increase,
      transitions,
    };
  });
}

/** Nothing is stored, everything is collected. */
const history = new SeriesHistory(
  { points: null, keptFromUs: Number.NEGATIVE_INFINITY, onDamaged: () => {} },
  { stream: "home", topic: "meter", path: "" },
);

/** Brings the points of series, pass after pass. @returns how many it took. */
async function collect(collector: Collector, series: readonly (readonly Sample[])[]) {
  let passes = 0;
  do {
    passes += 1;
    for (const [index, samples] of series.entries()) {
      for (const { us, value } of samples) collector.add(index, us, value);
    }
    await collector.endPass(async (_series, _cell, points) => foldPoints(points), new Pace());
  } while (collector.beginPass());
  return passes;
}

test("each bucket equals a loop over all points, in whatever order they arrive and however little memory there is", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sample, { maxLength: 60 }),
      edgesFound,
      fc.integer(NOWS),
      async (samples, edges, nowUs) => {
        // As many as one bucket may have: those of several take several passes.
        const collector = new Collector(2, edges, samples.length);
        const mirrored = samples.map(({ us, value }) => ({ us, value: 9 - value }));
        const given = [mirrored, samples];
        await collect(collector, given);
        for (const [series, points] of given.entries()) {
          const partials = await history.fold(edges, collector.partsOf(series), {
            batch: null,
            pace: new Pace(),
          });
          const buckets = new Buckets(partials, edges, nowUs);
          const expected = straightforward(points, edges, nowUs);
          expect([...buckets]).toEqual(expected);
          for (const [place, { count, min, max, average }] of expected.entries()) {
            expect(buckets.countAt(place)).toBe(count);
            expect(buckets.minAt(place)).toBe(min ?? Number.NaN);
            expect(buckets.maxAt(place)).toBe(max ?? Number.NaN);
            expect(buckets.averageAt(place)).toBe(average ?? Number.NaN);
          }
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test("points that come in order within their buckets are read once, those of other buckets twice", async () => {
  const passesOf = async (times: readonly number[]): Promise<number> => {
    const samples = times.map((us) => ({ us, value: us }));
    return await collect(new Collector(1, [0, 10, 20]), [samples]);
  };
  expect(await passesOf([11, 1, 1, 15, 5])).toBe(1);
  expect(await passesOf([11, 1, 1, 15, 0])).toBe(2);
});

test("a bucket with more points out of order than can be sorted is refused, with what helps", () => {
  const collector = new Collector(1, [0, 10, 20], 3);
  for (const us of [3, 2, 1, 0]) collector.add(0, us, us);
  expect(() => collector.beginPass()).toThrow(
    "an hour of a bucket has 4 points that did not come in the order",
  );
});

test("parts give the same whole, wherever accumulating was begun again and however the parts are put together", () => {
  const fold = (samples: readonly Sample[]): PartialBucket | null =>
    samples.map(partialOf).reduce<PartialBucket | null>(merge, null);
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 40 }).map(inOrder),
      fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 5 }),
      fc.boolean(),
      (samples, splits, fromRight) => {
        const at = [0, ...splits.toSorted((one, other) => one - other), samples.length];
        const parts = at.slice(1).map((end, index) => fold(samples.slice(at[index], end)));
        const whole = fromRight
          ? parts.reduceRight<PartialBucket | null>((later, earlier) => merge(earlier, later), null)
          : parts.reduce<PartialBucket | null>(merge, null);
        expect(whole).toEqual(fold(samples));
      },
    ),
    { numRuns: 1_000 },
  );
});
