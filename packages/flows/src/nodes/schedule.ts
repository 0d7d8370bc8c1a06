import { z } from "zod";
import { defineNode } from "../node/node.ts";
import { DailyHours, dailyHours, timeZone, weekdays } from "../times/daily-hours.ts";

const config = z.strictObject({
  allow: dailyHours.describe("the hours of the day, as 07:00-23:00, or 22:00-06:00 over midnight"),
  days: weekdays.optional().describe("the days on which it begins; without it, all"),
  timeZone: timeZone.default("UTC").describe("whose clocks count, as Europe/Berlin"),
});

/** Whether it is one time of the day or another. */
export const schedule = defineNode({
  type: "schedule",
  group: "condition",
  summary: "goes on by the time of the day, and the weekday",
  config,
  inputs: () => ["in"],
  outputs: () => ["inside", "outside"],
  create: ({ allow, timeZone: zone, days }) => {
    const hours = new DailyHours(allow, zone, days);
    return {
      take: (_input, data, step) => step.emit(hours.holds(step.nowMs) ? "inside" : "outside", data),
    };
  },
});
