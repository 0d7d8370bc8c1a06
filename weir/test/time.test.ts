import { describe, expect, test } from "@jest/globals";
import { START_US } from "@weir/testkit";
import { dayOf, parseTime, timeText } from "../src/time.ts";

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
    ["-999999999999w", 0],
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
    expect(parseTime(text, START_US, "UTC")).toBe(expected);
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
    expect(parseTime(text, START_US, "UTC")).toBeNull();
  });
});

const BERLIN = "Europe/Berlin";
const us = (iso: string): number => Date.parse(iso) * 1_000;

describe("a time in a time zone", () => {
  test.each([
    ["2026-11-26 08:00", "2026-11-26T07:00:00Z"],
    ["2026-07-26 08:00", "2026-07-26T06:00:00Z"],
    ["2026-11-26", "2026-11-25T23:00:00Z"],
    ["2026-11-26T08:00:00Z", "2026-11-26T08:00:00Z"],
    ["2026-11-26T08:00-05:00", "2026-11-26T13:00:00Z"],
    ["1795680000", "2026-11-26T08:00:00Z"],
    // It occurs twice: the first one counts.
    ["2026-10-25 02:30", "2026-10-25T00:30:00Z"],
    // It does not occur: the clock shows 03:30.
    ["2026-03-29 02:30", "2026-03-29T01:30:00Z"],
  ])("%j is local unless it says where it is", (text, expected) => {
    expect(parseTime(text, START_US, BERLIN)).toBe(us(expected));
  });

  test.each([
    [us("2026-11-26T07:00:00Z") + 1, BERLIN, "2026-11-26T08:00:00.000001+01:00"],
    [us("2026-07-26T06:00:00Z"), BERLIN, "2026-07-26T08:00:00.000000+02:00"],
    [us("2026-11-26T07:00:00Z"), "UTC", "2026-11-26T07:00:00.000000Z"],
  ])("%d in %s is shown with its offset: %s", (time, timeZone, expected) => {
    expect(timeText(time, timeZone)).toBe(expected);
  });
});

describe("a day", () => {
  // In Berlin it is the 27th already.
  const NOW_US = us("2026-11-26T23:30:00Z");

  test.each([
    ["2026-11-26", "UTC", "2026-11-26T00:00:00Z", 24],
    ["today", "UTC", "2026-11-26T00:00:00Z", 24],
    ["yesterday", "UTC", "2026-11-25T00:00:00Z", 24],
    ["today", BERLIN, "2026-11-26T23:00:00Z", 24],
    ["yesterday", BERLIN, "2026-11-25T23:00:00Z", 24],
    ["2026-03-29", BERLIN, "2026-03-28T23:00:00Z", 23],
    ["2026-10-25", BERLIN, "2026-10-24T22:00:00Z", 25],
    // Its clocks go from 23:59 to 01:00: the day has no midnight.
    ["2026-09-06", "America/Santiago", "2026-09-06T04:00:00Z", 23],
    ["2026-04-05", "Australia/Lord_Howe", "2026-04-04T13:00:00Z", 24.5],
  ])("%j in %s begins at %s and has %d hours", (text, timeZone, from, hours) => {
    const fromUs = us(from);
    expect(dayOf(text, NOW_US, timeZone)).toEqual({ fromUs, toUs: fromUs + hours * HOUR_US });
  });

  test("is yesterday after the clocks have changed: of 25 hours, not the last 24", () => {
    const day = dayOf("yesterday", us("2026-10-25T23:30:00Z"), BERLIN);
    expect(day).toEqual({ fromUs: us("2026-10-24T22:00:00Z"), toUs: us("2026-10-25T23:00:00Z") });
  });

  test.each([
    ["2026-02-30", "UTC"],
    ["20261126", "UTC"],
    ["2026-11-26 08:00", "UTC"],
    ["1969-12-31", "UTC"],
    ["tomorrow", "UTC"],
    ["", "UTC"],
    // Samoa crossed the date line: this day was left out.
    ["2011-12-30", "Pacific/Apia"],
  ])("is not %j in %s", (text, timeZone) => {
    expect(dayOf(text, NOW_US, timeZone)).toBeNull();
  });
});
