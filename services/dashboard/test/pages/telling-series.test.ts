import { expect, test } from "@jest/globals";
import { measuredSeries, tellingSeries } from "../../pages/device/telling-series.ts";
import { seriesOf } from "./histories.ts";

test("a chart begins with the first three series that two axes carry", () => {
  const units = ["GB", "%", "°C", "GB", "%"];
  const values = units.map((unit, at) => seriesOf({ series: String(at), unit }));
  expect(tellingSeries(values)).toEqual(["0", "1", "3"]);
});

test("what a device measures comes with its units first, and without its commands and its log", () => {
  const one = (topic: string, kind: "gauge" | "state", unit: string | null) =>
    seriesOf({ series: `data:${topic}#${kind}${unit}`, topic, kind, unit });
  const all = [
    one("devices/kitchen/availability", "state", null),
    one("devices/kitchen/command/ack", "gauge", null),
    one("devices/kitchen/log/info", "gauge", null),
    one("devices/kitchen/state", "gauge", null),
    one("devices/kitchen/state", "gauge", "GB"),
  ];
  expect(measuredSeries(all, "devices/kitchen").map(({ series }) => series)).toEqual([
    "data:devices/kitchen/state#gaugeGB",
    "data:devices/kitchen/state#gaugenull",
    "data:devices/kitchen/availability#statenull",
  ]);
  expect(measuredSeries(all, null)).toHaveLength(5);
});
