import { describe, expect, test } from "@jest/globals";
import { foldPoint, liveHistory, patch, slide } from "../../pages/chart/fold.ts";
import type { Series } from "../../src/contract/series.ts";
import { emptyHistory } from "./histories.ts";

type Point = [atMs: number, value: number];

function folded(kind: Series["kind"], points: Point[], buckets = 3) {
  const live = liveHistory(emptyHistory(buckets, { kind }), 0);
  const outcomes = points.map(([atMs, value]) => foldPoint(live, 0, atMs, value));
  const columns = live.history.series[0];
  if (columns === undefined) throw new Error("no series");
  return { live, outcomes, columns };
}

describe("a live point of a gauge", () => {
  test("changes count, min, max, average and last of its bucket, and of no other", () => {
    const { columns, outcomes } = folded("gauge", [
      [1_100, 4],
      [1_200, 1],
      [1_900, 7],
    ]);
    expect(outcomes).toEqual(["folded", "folded", "folded"]);
    expect(columns.count).toEqual([0, 3, 0]);
    expect(columns.min).toEqual([null, 1, null]);
    expect(columns.max).toEqual([null, 7, null]);
    expect(columns.average).toEqual([null, 4, null]);
    expect(columns.last).toEqual([null, 7, null]);
    expect(columns.lastMs).toEqual([null, 1_900, null]);
    expect(columns.increase).toEqual([null, null, null]);
    expect(columns.transitions).toEqual([null, null, null]);
  });

  test("belongs to the bucket that begins at its time", () => {
    expect(folded("gauge", [[2_000, 1]]).columns.count).toEqual([0, 0, 1]);
  });

  test("goes into an older bucket while nothing later is there", () => {
    const { columns, outcomes } = folded("gauge", [[500, 1]]);
    expect(outcomes).toEqual(["folded"]);
    expect(columns.count).toEqual([1, 0, 0]);
  });

  test("is late behind a later point, and changes nothing", () => {
    const { columns, outcomes } = folded("gauge", [
      [1_500, 1],
      [1_400, 99],
      [300, 99],
    ]);
    expect(outcomes).toEqual(["folded", "late", "late"]);
    expect(columns.max).toEqual([null, 1, null]);
  });

  test("is outside before the first bucket and after the last one", () => {
    expect(
      folded("gauge", [
        [-1, 1],
        [3_000, 1],
      ]).outcomes,
    ).toEqual(["outside", "outside"]);
  });
});

describe("a live point of a counter", () => {
  test("increases its bucket since the point before it, across empty buckets", () => {
    const { columns } = folded("counter", [
      [100, 10],
      [200, 12],
      [2_500, 15],
    ]);
    expect(columns.increase).toEqual([2, null, 3]);
  });

  test("grew from 0 on after a reset", () => {
    const { columns } = folded("counter", [
      [100, 10],
      [1_000, 4],
      [1_100, 5],
    ]);
    expect(columns.increase).toEqual([0, 5, null]);
  });
});

describe("a live point of a state", () => {
  test("counts transitions, also from one bucket to the next", () => {
    const { columns } = folded("state", [
      [100, 0],
      [200, 1],
      [300, 1],
      [1_500, 0],
    ]);
    expect(columns.transitions).toEqual([1, 1, null]);
  });

  test("weighs each value by how long it held", () => {
    const { columns } = folded("state", [
      [0, 0],
      [250, 1],
      [1_500, 0],
      [1_600, 0],
    ]);
    // 1 from 250 ms on; then for 500 of 600 ms.
    expect(columns.share[0]).toBeCloseTo(0.75, 9);
    expect(columns.share[1]).toBeCloseTo(5 / 6, 9);
  });

  test("does not weigh the value before a gap", () => {
    const { columns } = folded("state", [
      [0, 1],
      [2_500, 0],
      [2_900, 0],
    ]);
    expect(columns.share[2]).toBe(0);
  });
});

describe("a history that ends now", () => {
  test("slides by whole buckets, without growing", () => {
    const { live, columns } = folded("gauge", [
      [0, 1],
      [1_000, 2],
      [2_000, 3],
    ]);
    expect(slide(live, 2_999)).toBe(true);
    expect(live.history.edgesMs).toEqual([0, 1_000, 2_000, 3_000]);
    expect(slide(live, 3_000)).toBe(true);
    expect(live.history.edgesMs).toEqual([1_000, 2_000, 3_000, 4_000]);
    expect(columns.average).toEqual([2, 3, null]);
    expect(columns.count).toEqual([1, 1, 0]);
    expect(foldPoint(live, 0, 3_100, 9)).toBe("folded");
    expect(columns.average).toEqual([2, 3, 9]);
  });

  test("a state holds until the end of a bucket that is closed", () => {
    const { live, columns } = folded("state", [
      [2_000, 0],
      [2_500, 1],
    ]);
    slide(live, 3_200);
    expect(columns.share).toEqual([null, 0.5, null]);
  });

  test("has to be asked for again after a long pause", () => {
    const { live } = folded("gauge", []);
    expect(slide(live, 60_000)).toBe(false);
  });

  test("has to be asked for again where buckets are days", () => {
    const history = emptyHistory(3, {});
    history.edgesMs = history.edgesMs.map((_, at) => at * 86_400_000);
    expect(slide(liveHistory(history, 0), 3 * 86_400_000)).toBe(false);
  });
});

describe("an answer for some buckets", () => {
  test("takes their place", () => {
    const { live, columns } = folded("gauge", [[2_500, 5]]);
    const part = emptyHistory(1, {});
    part.edgesMs = [1_000, 2_000];
    Object.assign(part.series[0] ?? {}, { count: [2], average: [8], min: [7], max: [9] });
    expect(patch(live, part)).toBe(true);
    expect(columns.count).toEqual([0, 2, 1]);
    expect(columns.average).toEqual([null, 8, 5]);
  });

  test("is refused where its edges are others", () => {
    const { live } = folded("gauge", []);
    const part = emptyHistory(1, {});
    part.edgesMs = [1_000, 1_500];
    expect(patch(live, part)).toBe(false);
  });
});
