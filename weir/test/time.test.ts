import { describe, expect, test } from "@jest/globals";
import { START_US } from "@weir/testkit";
import { parseTime } from "../src/recording.ts";

const HOUR_US = 3_600_000_000;

describe("a time", () => {
  test.each([
    ["now", START_US],
    ["-2h", START_US - 2 * HOUR_US],
    ["-1.5h", START_US - 1.5 * HOUR_US],
    ["-90s", START_US - 90_000_000],
    ["-250ms", START_US - 250_000],
    ["2 hours ago", START_US - 2 * HOUR_US],
    ["1 day ago", START_US - 24 * HOUR_US],
    ["3d ago", START_US - 72 * HOUR_US],
    ["2026-01-01", START_US],
    ["2026-01-01T00:00:00.000001Z", START_US + 1],
    ["2026-01-01T00:00:00.1234567Z", START_US + 123_456],
    ["2026-01-01T02:00:00+01:00", START_US + HOUR_US],
    ["2026-01-01T01:00:00", START_US + HOUR_US],
    ["1767225600", START_US],
    ["1767225600.5", START_US + 500_000],
    ["1767225600000", START_US],
    ["1767225600000001", START_US + 1],
  ])("may be written as %j", (text, expected) => {
    expect(parseTime(text, START_US)).toBe(expected);
  });

  test.each([
    "",
    "yesterday",
    "-2",
    "-2y",
    "2h",
    "2026-13-01",
    "2026-01-01T25:00:00Z",
    "1e9",
    "- 2h",
  ])("is not %j", (text) => {
    expect(parseTime(text, START_US)).toBeNull();
  });
});
