import { describe, expect, test } from "@jest/globals";
import { createFormat } from "../../pages/format.ts";

const format = createFormat("en-GB", "Europe/Berlin");
const NOON = Date.parse("2026-11-27T11:03:27Z");

describe("numbers", () => {
  test.each([
    [0, "0"],
    [21, "21"],
    [21.53, "21.5"],
    [0.012_345, "0.0123"],
    [99.94, "99.9"],
    [99.96, "100"],
    [1_013.25, "1,013"],
    [-18.2, "\u221218.2"],
    [-0.000_001, "\u22121E\u22126"],
    [2.5e13, "2.5E13"],
  ])("%d has three significant digits and a minus sign", (value, text) => {
    expect(format.number(value)).toBe(text);
  });

  test("a live number keeps its width", () => {
    expect([46, 46.04, 5.5, 120.4].map(format.steady)).toEqual(["46.0", "46.0", "5.50", "120"]);
  });

  test("bytes and seconds come in the unit that fits", () => {
    expect(format.quantity(19_120_000_000, "B")).toEqual({ text: "19.1", unit: "GB" });
    expect(format.bytes(999.6)).toBe("1 kB");
    expect(format.quantity(93_600, "s")).toEqual({ text: "1 d 2 h", unit: null });
    expect(format.quantity(93, "s")).toEqual({ text: "93", unit: "s" });
    expect(format.quantity(21.5, "°C")).toEqual({ text: "21.5", unit: "°C" });
  });

  test("the locale decides about separators", () => {
    expect(createFormat("de", "UTC").number(1_013.25)).toBe("1.013");
    expect(createFormat("de", "UTC").duration(1_240)).toBe("1,2 s");
    expect(createFormat("de", "UTC").number(-3.5)).toBe("\u22123,5");
  });
});

describe("times", () => {
  test.each([
    [3_000, "a few seconds ago"],
    [-2_000, "a few seconds ago"],
    [12_000, "12 s ago"],
    [59_999, "59 s ago"],
    [4 * 60_000, "4 min ago"],
    [59 * 60_000, "59 min ago"],
    [60 * 60_000, "11:03"],
    [3 * 86_400_000, "Tue 12:03"],
    [30 * 86_400_000, "28 Oct 12:03"],
    [400 * 86_400_000, "23 Oct 2025"],
    [-3_600_000, "in the future: 13:03"],
  ])("%d ms before now is an age up to an hour, then the clock", (past, text) => {
    expect(format.age(NOON - past, NOON)).toBe(text);
  });

  test("the chosen zone decides about the day and the clock", () => {
    const evening = Date.parse("2026-11-27T23:30:00Z");
    expect(format.clock(evening)).toBe("00:30");
    expect(format.when(evening, NOON)).toBe("Sat 00:30");
    expect(createFormat("en-GB", "America/New_York").when(evening, NOON)).toBe("18:30");
    expect(format.full(NOON)).toContain("12:03:27");
  });

  test.each([
    [45, "45 ms"],
    [1_240, "1.2 s"],
    [9_980, "10 s"],
    [12_000, "12 s"],
    [720_000, "12 min"],
    [12_000_000, "3 h 20 min"],
    [7_200_000, "2 h"],
    [439_200_000, "5 d 2 h"],
  ])("%d ms is a duration in one or two units", (ms, text) => {
    expect(format.duration(ms)).toBe(text);
  });
});
