import { expect, test } from "@jest/globals";
import { gaugesOf } from "../../pages/device/gauges.ts";
import { seriesOf } from "./histories.ts";

const value = (path: string, newestValue: number, unit: string | null, topic = "t") =>
  seriesOf({ series: `data:${topic}#${path}`, topic, path, unit, newestValue });

test("a value in percent is a gauge of 0 to 100", () => {
  expect(gaugesOf([value("battery", 91, "%"), value("walk", 91, null)])).toMatchObject([
    { label: "battery", percent: 91, parts: null },
  ]);
});

test("a value that is named percent is one, too", () => {
  expect(gaugesOf([value("cpu-percent", 5, null), value("percentile", 5, null)])).toMatchObject([
    { label: "cpu-percent", percent: 5 },
  ]);
});

test("used and free of the same unit are a share, and its own percent is left out", () => {
  const gauges = gaugesOf([
    value("drive-space-used", 30, "GB"),
    value("drive-space-free", 10, "GB"),
    value("drive-space-percent", 75, "%"),
    value("cpu-percent", 5, "%"),
  ]);
  expect(gauges).toMatchObject([
    { label: "drive-space used", percent: 75, parts: { used: 30, total: 40, unit: "GB" } },
    { label: "cpu-percent", percent: 5 },
  ]);
});

test("total takes the place of free, or of used", () => {
  expect(gaugesOf([value("disk_used", 3, "B"), value("disk_total", 4, "B")])).toMatchObject([
    { percent: 75 },
  ]);
  expect(gaugesOf([value("disk.free", 1, "B"), value("disk.size", 4, "B")])).toMatchObject([
    { percent: 75 },
  ]);
});

test("its label is the name without that of the device", () => {
  const device = { id: "data:devices/kitchen", name: "kitchen" };
  const named = (name: string, path: string, newestValue: number) =>
    seriesOf({ series: `data:t#${path}`, path, unit: "GB", newestValue, device, name });
  expect(
    gaugesOf([named("kitchen Drive used", "d-used", 1), named("kitchen Drive free", "d-free", 1)]),
  ).toMatchObject([{ label: "Drive used" }]);
});

test("parts of other units or topics are no pair", () => {
  expect(gaugesOf([value("used", 3, "GB"), value("free", 1, "MB")])).toEqual([]);
  expect(gaugesOf([value("used", 3, "GB", "a"), value("free", 1, "GB", "b")])).toEqual([]);
});

test("values that cannot be a share are no gauge", () => {
  expect(gaugesOf([value("used", 0, "GB"), value("free", 0, "GB")])).toEqual([]);
  expect(gaugesOf([value("used", 5, "GB"), value("total", 4, "GB")])).toEqual([]);
  expect(gaugesOf([value("load", 140, "%"), value("slope", -3, "%")])).toEqual([]);
});
