import { expect, test } from "@jest/globals";
import { deletionParts, pointsByBucket, sharedSeries } from "../../pages/device/deletion-plan.ts";
import { emptyHistory, seriesOf } from "./histories.ts";

const one = (topic: string, path: string, stream = "data") =>
  seriesOf({ series: `${stream}:${topic}#${path}`, stream, topic, path });
const series = [
  one("devices/kitchen/state", "cpu"),
  one("devices/kitchen/state", "memory"),
  one("devices/kitchen/extra", "x", "other"),
];

test("series stand for their topics, each of its stream", () => {
  const chosen = new Set(["data:devices/kitchen/state#cpu", "other:devices/kitchen/extra#x"]);
  expect(deletionParts("series", series, chosen, "devices/kitchen")).toEqual([
    { stream: "data", filters: ["devices/kitchen/state"] },
    { stream: "other", filters: ["devices/kitchen/extra"] },
  ]);
});

test("series of the same topics go with the chosen ones", () => {
  const shared = sharedSeries(series, new Set(["data:devices/kitchen/state#cpu"]));
  expect(shared.map(({ path }) => path)).toEqual(["memory"]);
});

test("everything of a device is all below its topic, and what its series have elsewhere", () => {
  expect(
    deletionParts(
      "everything",
      [...series, one("sensors/kitchen", "v")],
      new Set(),
      "devices/kitchen",
    ),
  ).toEqual([
    { stream: "data", filters: ["devices/kitchen/#", "sensors/kitchen"] },
    { stream: "other", filters: ["devices/kitchen/#"] },
  ]);
  expect(deletionParts("everything", series, new Set(), null)[0]?.filters).toEqual([
    "devices/kitchen/state",
  ]);
});

test("states and logs are topics of a device of Weir's kind only", () => {
  expect(deletionParts("logs", series, new Set(), "devices/kitchen")[0]?.filters).toEqual([
    "devices/kitchen/log",
  ]);
  expect(deletionParts("states", series, new Set(), null)).toEqual([]);
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
