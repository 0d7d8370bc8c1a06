import { describe, expect, test } from "@jest/globals";
import { DailyHours } from "../../src/times/daily-hours.ts";

const at = (text: string): number => Date.parse(text);
const iso = (atMs: number): string => new Date(atMs).toISOString();

describe("hours of each day", () => {
  const night = new DailyHours("22:00-07:00", "Europe/Berlin");

  test.each([
    ["2026-11-28T20:59:59Z", false],
    ["2026-11-28T21:00:00Z", true],
    ["2026-11-29T05:59:59Z", true],
    ["2026-11-29T06:00:00Z", false],
  ])("over midnight: %s", (time, isWithin) => {
    expect(night.holds(at(time))).toBe(isWithin);
  });

  test.each([
    ["2026-11-28T21:30:15Z", "2026-11-29T06:00:00.000Z"],
    ["2026-11-29T05:59:59Z", "2026-11-29T06:00:00.000Z"],
    // The clocks go forward at 01:00Z, and back at 01:00Z.
    ["2026-03-28T22:00:00Z", "2026-03-29T05:00:00.000Z"],
    ["2026-10-24T21:00:00Z", "2026-10-25T06:00:00.000Z"],
  ])("end after %s", (time, end) => {
    expect(iso(night.endAfter(at(time)))).toBe(end);
  });

  test("an end that the clocks skip comes after the gap", () => {
    const early = new DailyHours("23:00-02:30", "Europe/Berlin");
    let nowMs = at("2026-03-28T23:00:00Z");
    while (early.holds(nowMs)) {
      const nextMs = early.endAfter(nowMs);
      expect(nextMs).toBeGreaterThan(nowMs);
      nowMs = nextMs;
    }
    expect(iso(nowMs)).toBe("2026-03-29T01:30:00.000Z");
  });

  test("over midnight belong to the day on which they begin", () => {
    const friday = new DailyHours("22:00-06:00", "UTC", ["fri"]);
    const isWithin = (time: string) => friday.holds(at(time));
    expect(isWithin("2026-11-27T05:00:00Z")).toBe(false);
    expect(isWithin("2026-11-27T22:00:00Z")).toBe(true);
    expect(isWithin("2026-11-28T05:59:00Z")).toBe(true);
    expect(isWithin("2026-11-28T22:00:00Z")).toBe(false);
  });

  test("may go to the end of the day", () => {
    const evening = new DailyHours("18:00-24:00", "UTC");
    expect(evening.holds(at("2026-11-27T23:59:59.999Z"))).toBe(true);
    expect(evening.holds(at("2026-11-28T00:00:00Z"))).toBe(false);
    expect(iso(evening.endAfter(at("2026-11-27T20:00:00Z")))).toBe("2026-11-28T00:00:00.000Z");
  });

  test.each([
    ["2026-03-28", 60],
    ["2026-03-29", 0],
    ["2026-10-25", 120],
  ])("between two and three at night there are on %s %d minutes", (date, minutes) => {
    const night = new DailyHours("02:00-03:00", "Europe/Berlin");
    const from = at(`${date}T00:00:00Z`);
    const held = Array.from({ length: 180 }, (_, minute) => night.holds(from + minute * 60_000));
    expect(held.filter(Boolean)).toHaveLength(minutes);
  });
});
