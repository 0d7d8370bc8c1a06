import { describe, expect, test } from "@jest/globals";
import { DailyHours } from "../../src/nodes/daily-hours.ts";

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

  test("an end that the clocks skip comes within an hour of it, and always later", () => {
    const early = new DailyHours("23:00-02:30", "Europe/Berlin");
    let nowMs = at("2026-03-28T23:00:00Z");
    while (early.holds(nowMs)) {
      const nextMs = early.endAfter(nowMs);
      expect(nextMs).toBeGreaterThan(nowMs);
      nowMs = nextMs;
    }
    expect(iso(nowMs)).toMatch(/^2026-03-29T01:/);
  });
});
