import { describe, expect, test } from "@jest/globals";
import { Ring } from "../src/ring.ts";
import { Allowance, dueSeries, slowTickMs } from "../src/series-publisher.ts";
import type { Series } from "../src/series-set.ts";

const PACE = { intervalMs: 1_000, tickMs: 10_000 };

function seriesAt(
  topic: string,
  times: Partial<Pick<Series, "changedAtMs" | "publishedAtMs">>,
): Series {
  const ring = new Ring(0);
  const never = { changedAtMs: null, publishedAtMs: null };
  return { topic, kind: "gauge", changes: null, ring, throughId: 0, ...never, ...times };
}

const dueNames = (all: readonly Series[], nowMs: number): string[] =>
  dueSeries(all, PACE, nowMs).map(({ topic }) => topic);

describe("a series is due", () => {
  test("when it has changed, but not before its interval is over", () => {
    const series = seriesAt("a", { changedAtMs: 1_200, publishedAtMs: 1_000 });
    expect(dueNames([series], 1_999)).toEqual([]);
    expect(dueNames([series], 2_000)).toEqual(["a"]);
  });

  test("on the slow tick when it has not changed", () => {
    const series = seriesAt("a", { publishedAtMs: 1_000 });
    expect(dueNames([series], 10_999)).toEqual([]);
    expect(dueNames([series], 11_000)).toEqual(["a"]);
  });

  test("before those that wait less long, whatever they wait for", () => {
    const all = [
      seriesAt("changed now", { changedAtMs: 20_000, publishedAtMs: 12_000 }),
      seriesAt("ticked", { publishedAtMs: 9_000 }),
      seriesAt("new", { changedAtMs: 19_500 }),
      seriesAt("changed long ago", { changedAtMs: 16_000, publishedAtMs: 15_500 }),
      seriesAt("changed too soon", { changedAtMs: 19_900, publishedAtMs: 19_500 }),
    ];
    expect(dueNames(all, 20_000)).toEqual(["changed long ago", "ticked", "new", "changed now"]);
  });
});

describe("the slow tick", () => {
  test("takes no more than half of the publications of many series", () => {
    const limits = { slowTickMs: 10_000, rateMax: 100 };
    expect(slowTickMs(500, limits)).toBe(10_000);
    expect(slowTickMs(2_000, limits)).toBe(40_000);
  });
});

describe("an allowance", () => {
  test("gives no more than its rate, however often it is asked", () => {
    let nowMs = 0;
    const allowance = new Allowance({ rateMax: 100, burstMs: 500, monotonicMs: () => nowMs });
    let taken = allowance.take(1_000);
    expect(taken).toBe(50);
    for (nowMs = 10; nowMs <= 10_000; nowMs += 10) taken += allowance.take(1_000);
    expect(taken).toBe(50 + 1_000);
  });

  test("does not save up for longer than its burst", () => {
    let nowMs = 0;
    const allowance = new Allowance({ rateMax: 100, burstMs: 500, monotonicMs: () => nowMs });
    allowance.take(1_000);
    nowMs = 60_000;
    expect(allowance.take(1_000)).toBe(50);
  });

  test("gives one at a time where it gives less than one in a burst", () => {
    let nowMs = 0;
    const allowance = new Allowance({ rateMax: 1, burstMs: 500, monotonicMs: () => nowMs });
    expect(allowance.take(5)).toBe(1);
    nowMs = 999;
    expect(allowance.take(5)).toBe(0);
    nowMs = 1_000;
    expect(allowance.take(5)).toBe(1);
  });
});
