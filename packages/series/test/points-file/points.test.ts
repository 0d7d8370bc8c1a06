import { describe, expect, test } from "@jest/globals";
import { mergePoints, type Points, sliceTime } from "@weir/series";
import fc from "fast-check";

/** Points whose values say in which order they arrived. */
function arrived(times: readonly number[], from = 0): Points {
  const ordered = times.toSorted((one, other) => one - other);
  return {
    us: Float64Array.from(ordered),
    values: Float64Array.from(ordered, (_, index) => from + index),
  };
}

const listed = ({ us, values }: Points) =>
  Array.from(us, (time, index) => ({ time, value: values[index] }));

describe("points of a series", () => {
  test("are put together in the order of time, and of arrival where the time is the same", () => {
    const parts = fc.array(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 }));
    fc.assert(
      fc.property(parts, (times) => {
        const given = times.map((part, index) => arrived(part, index * 100));
        const expected = given.flatMap(listed).toSorted((one, other) => one.time - other.time);
        expect(listed(mergePoints(given))).toEqual(expected);
      }),
    );
  });

  test("of which none were given are none", () => {
    expect(listed(mergePoints([]))).toEqual([]);
    expect(listed(mergePoints([arrived([]), arrived([])]))).toEqual([]);
  });

  test("are cut by time: the first is in, the end is out", () => {
    const points = arrived([10, 20, 20, 30]);
    const timesIn = (fromUs: number, toUs: number) => [...sliceTime(points, fromUs, toUs).us];
    expect(timesIn(20, 30)).toEqual([20, 20]);
    expect(timesIn(0, 100)).toEqual([10, 20, 20, 30]);
    expect(timesIn(21, 30)).toEqual([]);
    expect(timesIn(30, 20)).toEqual([]);
    expect(timesIn(31, 100)).toEqual([]);
  });
});
