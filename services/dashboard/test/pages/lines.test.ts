import { expect, test } from "@jest/globals";
import { isolatedPoints, linesOf, timesOf } from "../../pages/chart/lines.ts";
import { emptyHistory } from "./histories.ts";

function linesWith(given: object, average: (number | null)[]) {
  const history = emptyHistory(average.length, given);
  const columns = history.series[0];
  if (columns === undefined) throw new Error("no series");
  columns.average = average;
  columns.last = average;
  columns.increase = average;
  return linesOf(columns, history.edgesMs).line;
}

test("a bucket without points is a gap", () => {
  expect(linesWith({ intervalMs: 100 }, [1, null, 2])).toEqual([1, null, 2]);
});

test("buckets that are shorter than the usual interval are joined", () => {
  expect(linesWith({ intervalMs: 2_000 }, [null, 1, null, null, 2, null])).toEqual([
    null,
    1,
    undefined,
    undefined,
    2,
    null,
  ]);
});

test("what stays away for three intervals is a gap", () => {
  expect(linesWith({ intervalMs: 1_000 }, [1, null, null, null, 2])).toEqual([
    1,
    null,
    null,
    null,
    2,
  ]);
});

test("a counter is drawn as its increase, with nothing between", () => {
  expect(linesWith({ kind: "counter", intervalMs: 9_000 }, [1, null, 2])).toEqual([1, null, 2]);
});

test("a state holds until now where it is sent only when it changes", () => {
  const contact = { kind: "state", intervalMs: 0 };
  expect(linesWith(contact, [null, 1, null, null])).toEqual([null, 1, undefined, 1]);
  const reported = { kind: "state", intervalMs: 100 };
  expect(linesWith(reported, [1, null, null, null])).toEqual([1, null, null, null]);
  expect(linesWith(reported, [1, null, null])).toEqual([1, null, null]);
  expect(linesWith(reported, [1, null])).toEqual([1, 1]);
});

test("a point between two gaps is seen", () => {
  expect(isolatedPoints([null, 1, null, 2, undefined, 3, null, 4])).toEqual([1, 7]);
  expect(isolatedPoints([1])).toEqual([0]);
  expect(isolatedPoints([1, 2, null])).toEqual([]);
});

test("a bucket lies at its middle", () => {
  expect(timesOf(emptyHistory(2))).toEqual([500, 1_500]);
});
