import { expect, test } from "@jest/globals";
import { LateBuckets } from "../../pages/chart/late-buckets.ts";

const edges = [0, 1_000, 2_000, 3_000, 4_000];

test("nothing is asked for where nothing was late", () => {
  expect(new LateBuckets().take(edges)).toBe(null);
});

test("late points are asked for once, with the bucket behind them", () => {
  const late = new LateBuckets();
  late.add(edges, 500);
  late.add(edges, 700);
  expect(late.take(edges)).toEqual({ fromMs: 0, toMs: 2_000, buckets: 2 });
  expect(late.take(edges)).toBe(null);
});

test("the newest bucket waits until it is closed", () => {
  const late = new LateBuckets();
  late.add(edges, 2_500);
  expect(late.take(edges)).toEqual({ fromMs: 2_000, toMs: 3_000, buckets: 1 });
  expect(late.take(edges)).toBe(null);
  const slid = [1_000, 2_000, 3_000, 4_000, 5_000];
  expect(late.take(slid)).toEqual({ fromMs: 3_000, toMs: 4_000, buckets: 1 });
  expect(late.take(slid)).toBe(null);
});

test("buckets that have slid away are not asked for", () => {
  const late = new LateBuckets();
  late.add(edges, 500);
  late.add(edges, 1_500);
  expect(late.take([2_000, 3_000, 4_000, 5_000])).toEqual({
    fromMs: 2_000,
    toMs: 3_000,
    buckets: 1,
  });
});

test("times outside the chart do not count", () => {
  const late = new LateBuckets();
  late.add(edges, -1);
  late.add(edges, 4_000);
  expect(late.take(edges)).toBe(null);
});
