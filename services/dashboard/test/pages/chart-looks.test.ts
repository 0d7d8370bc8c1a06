import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { axisTimes } from "../../pages/chart/axis-times.ts";
import { lineStyle, translucent } from "../../pages/chart/palette.ts";
import { axisLabel, axisRange, fractionDigits, scalesOf } from "../../pages/chart/scales.ts";
import { seriesOf } from "./histories.ts";

const stylesheet = readFileSync(join(import.meta.dirname, "../../pages/styles.css"), "utf8");

/** Light, then dark. */
function themed(token: string): [string, string] {
  const found = new RegExp(`${token}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(stylesheet);
  if (found === null) throw new Error(`no token ${token}`);
  return [found[1] as string, found[2] as string];
}

describe("the colours of series", () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7])("number %d is seen in both themes", (place) => {
    const surfaces = themed("--surface");
    for (const [theme, colour] of themed(lineStyle(place).token).entries())
      expect(contrast(colour, surfaces[theme] as string)).toBeGreaterThan(3);
  });

  test("repeat with another dash", () => {
    const looks = Array.from({ length: 32 }, (_, place) => JSON.stringify(lineStyle(place)));
    expect(new Set(looks).size).toBe(32);
  });

  test("are let through in part", () => {
    expect(translucent("rgb(1, 2, 3)", 0.5)).toBe("rgba(1, 2, 3, 0.5)");
  });
});

describe("the scales of a chart", () => {
  test("are one for each unit; the first two have an axis", () => {
    const series = ["GB", "%", "GB", "°C"].map((unit) => seriesOf({ unit }));
    expect(scalesOf(series).map(({ unit, side }) => [unit, side])).toEqual([
      ["GB", "left"],
      ["%", "right"],
      ["°C", null],
    ]);
  });

  test("a counter's increase is not measured with its unit's other values", () => {
    const series = [seriesOf({ unit: "kWh" }), seriesOf({ unit: "kWh", kind: "counter" })];
    expect(scalesOf(series).map(axisLabel)).toEqual(["kWh", "kWh, increase"]);
  });

  test("do not magnify the rounding of averages", () => {
    const [low, high] = axisRange("gauge", 8.019999999999998, 8.02);
    expect(high - low).toBeGreaterThan(0.5);
    expect(axisRange("gauge", 0, 100)).toEqual([0, 108]);
  });

  test.each([
    [10, 0],
    [1, 0],
    [0.5, 1],
    [0.25, 2],
    [0.001, 3],
    [2.5, 1],
    [0, 0],
  ])("marks %d apart have %d digits behind the point", (increment, digits) => {
    expect(fractionDigits(increment)).toBe(digits);
  });
});

describe("the labels of the time axis", () => {
  const labels = axisTimes(["en-GB"], "Europe/Berlin");

  test("name the day first, and where a new one begins", () => {
    const midnight = Date.UTC(2026, 10, 27, 23);
    const marks = [midnight - 3_600_000, midnight, midnight + 3_600_000];
    expect(labels(marks, 3_600_000)).toEqual(["23:00\n27 Nov", "00:00\n28 Nov", "01:00"]);
  });

  test("show the repeated hour of autumn twice", () => {
    const before = Date.UTC(2026, 9, 25, 0);
    expect(labels([before, before + 3_600_000], 3_600_000)).toEqual(["02:00\n25 Oct", "02:00"]);
  });

  test("are as coarse as their marks", () => {
    const at = [Date.UTC(2026, 10, 27, 23, 0, 5)];
    expect(labels(at, 5_000)).toEqual(["00:00:05\n28 Nov"]);
    expect(labels(at, 86_400_000)).toEqual(["28 Nov"]);
    expect(labels(at, 30 * 86_400_000)).toEqual(["Nov 2026"]);
  });
});

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [
    number,
    number,
  ];
  return (light + 0.05) / (dark + 0.05);
}

/** As WCAG 2 has it. */
function luminance(colour: string): number {
  const parts = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
}
