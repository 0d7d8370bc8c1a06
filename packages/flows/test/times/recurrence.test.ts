import { describe, expect, test } from "@jest/globals";
import { cronTimes } from "../../src/times/recurrence.ts";

function timesOf(expression: string, from: string, count: number): string[] {
  const times = cronTimes(expression, "Europe/Berlin");
  const found: string[] = [];
  for (let ms = Date.parse(from); found.length < count; ) {
    ms = times.after(ms, null);
    found.push(new Date(ms).toISOString());
  }
  return found;
}

describe("the times of a cron expression", () => {
  test("a time that spring skips is at the end of the gap", () => {
    expect(timesOf("30 2 * * *", "2026-03-28T12:00:00Z", 2)).toEqual([
      "2026-03-29T01:00:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  test.each(["30 2 * * *", "30 2,3 * * *"])("a time that autumn repeats is once: %s", (cron) => {
    const repeated = timesOf(cron, "2026-10-24T22:00:00Z", 4).filter(
      (time) => time < "2026-10-25T02",
    );
    expect(repeated).toEqual(["2026-10-25T00:30:00.000Z"]);
  });

  test("each half hour is each half hour, whatever the clocks do", () => {
    const times = timesOf("*/30 * * * *", "2026-10-25T00:00:00Z", 4).map(Date.parse);
    expect(times.map((ms) => (ms - (times[0] ?? 0)) / 60_000)).toEqual([0, 30, 60, 90]);
  });

  test("the newest one up to a time includes that time", () => {
    const { newestUpTo } = cronTimes("0 12 * * *", "UTC");
    const noon = Date.UTC(2026, 0, 1, 12);
    const before = noon - 86_400_000;
    expect(newestUpTo(noon, before)).toBe(noon);
    expect(newestUpTo(noon - 1, before)).toBe(before);
    expect(newestUpTo(noon + 500, before)).toBe(noon);
  });
});
