import { expect, test } from "@jest/globals";
import {
  concerns,
  deletionParts,
  isDeleted,
  pointsByBucket,
  rootOf,
  sharedSeries,
} from "../../pages/device/deletion-plan.ts";
import { emptyHistory, seriesOf } from "./histories.ts";

const one = (topic: string, path: string, stream = "data") =>
  seriesOf({ series: `${stream}:${topic}#${path}`, stream, topic, path });
const series = [
  one("devices/kitchen/state", "cpu"),
  one("devices/kitchen/state", "memory"),
  one("devices/kitchen/extra", "x", "other"),
];

const scope = {
  series,
  chosen: new Set<string>(),
  root: "devices/kitchen",
  streams: ["data", "other"],
};

test("series stand for their topics, each of its stream", () => {
  const chosen = new Set(["data:devices/kitchen/state#cpu", "other:devices/kitchen/extra#x"]);
  expect(deletionParts("series", { ...scope, chosen })).toEqual([
    { stream: "data", filters: ["devices/kitchen/state"] },
    { stream: "other", filters: ["devices/kitchen/extra"] },
  ]);
});

test("series of the same topics go with the chosen ones", () => {
  const shared = sharedSeries(series, new Set(["data:devices/kitchen/state#cpu"]));
  expect(shared.map(({ path }) => path)).toEqual(["memory"]);
});

test("everything of a device is all below its root, and what its series have elsewhere", () => {
  const elsewhere = [...series, one("sensors/kitchen", "v")];
  expect(deletionParts("everything", { ...scope, series: elsewhere })).toEqual([
    { stream: "data", filters: ["devices/kitchen/#", "sensors/kitchen"] },
    { stream: "other", filters: ["devices/kitchen/#"] },
  ]);
  expect(deletionParts("everything", { ...scope, root: null })[0]?.filters).toEqual([
    "devices/kitchen/state",
  ]);
});

test("logs may be in a stream without series", () => {
  expect(deletionParts("logs", { ...scope, streams: ["logs"] })).toEqual([
    { stream: "logs", filters: ["devices/kitchen/log/#"] },
  ]);
});

test("states and logs are topics of a device of Weir's kind only", () => {
  expect(deletionParts("states", { ...scope, root: null })).toEqual([]);
});

test("the root of a device is in its topics", () => {
  expect(rootOf(["devices/kitchen/extra", "devices/kitchen/state"])).toBe("devices/kitchen");
  expect(rootOf(["sensors/kitchen"])).toBe(null);
});

test("a deletion concerns the topics that its filters cover", () => {
  expect(concerns(["a/b"], ["a/b"])).toBe(true);
  expect(concerns(["a/#"], ["a/b"])).toBe(true);
  expect(concerns(["a/#"], ["a"])).toBe(true);
  expect(concerns(["a/b", "a/c/#"], ["a", "ab", "a/bc"])).toBe(false);
});

test("a value is not shown once it was deleted, and again after undoing that", () => {
  const deletion = {
    ...{ id: "1", stream: "data", filters: ["a/#"], fromMs: 100, toMs: 200, askedMs: 0 },
    ...{
      sinceMs: 0,
      undoUntilMs: null,
      hiddenRows: 1,
      restoredRows: 0,
      skipped: [],
      problem: null,
    },
  };
  const value = (receivedMs: number) => seriesOf({ stream: "data", topic: "a/b", receivedMs });
  expect(isDeleted(value(150), [{ ...deletion, state: "hidden" }])).toBe(true);
  expect(isDeleted(value(200), [{ ...deletion, state: "hidden" }])).toBe(false);
  expect(isDeleted(value(150), [{ ...deletion, state: "undone" }])).toBe(false);
  expect(isDeleted(value(150), [{ ...deletion, state: "hidden", filters: ["b"] }])).toBe(false);
});

test("days count the points of all series", () => {
  const history = emptyHistory(2, {}, { series: "b" });
  Object.assign(history.series[0] ?? {}, { count: [1, 2] });
  Object.assign(history.series[1] ?? {}, { count: [10, 0] });
  expect(pointsByBucket(history)).toEqual([
    { fromMs: 0, toMs: 1_000, points: 11 },
    { fromMs: 1_000, toMs: 2_000, points: 2 },
  ]);
});
