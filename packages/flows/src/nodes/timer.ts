import { duration, errorMessage } from "@weir/runtime";
import { z } from "zod";
import { defineNode } from "../node/node.ts";
import { timeZone } from "../times/daily-hours.ts";
import { cronTimes, everyMs } from "../times/recurrence.ts";

const config = z
  .strictObject({
    every: duration({ min: "1s", max: "365d" }).optional().describe("again after each such time"),
    cron: z
      .string()
      .max(200)
      .optional()
      .describe("at these times: minute, hour, day, month, weekday, as in 30 7 * * mon-fri"),
    timeZone: timeZone.default("UTC").describe("the zone of cron, as Europe/Berlin"),
  })
  .superRefine(({ every, cron, timeZone: zone }, context) => {
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: "custom", path: [key], message });
    if ((every === undefined) === (cron === undefined)) {
      refuse("every", "give every or cron, and only one of them");
    }
    if (cron === undefined) return;
    try {
      cronTimes(cron, zone);
    } catch (error) {
      refuse("cron", errorMessage(error));
    }
  });

const state = z.object({ nextMs: z.number() });

/** A timer has one state. */
const KEY = "";

/** Runs at times. What Weir misses while it is down happens once, for the newest of these times. */
export const timer = defineNode<z.infer<typeof config>, z.infer<typeof state>>({
  type: "timer",
  group: "trigger",
  summary: "again after a time, or at times of the day",
  config,
  state,
  begins: () => ["key", "timeMs"],
  inputs: () => [],
  outputs: () => ["due"],
  create: ({ every, cron, timeZone: zone }) => {
    const times = cron === undefined ? everyMs(every ?? 0) : cronTimes(cron, zone);
    return {
      sources: [{ kind: "start" }],
      hear: (heard, step) => {
        if (heard.kind !== "start") return;
        const known = step.state(KEY);
        if (known !== undefined && known.nextMs > heard.wallMs) return;
        const nextMs =
          known === undefined
            ? times.after(heard.wallMs, null)
            : times.newestUpTo(heard.wallMs, known.nextMs);
        step.keep(KEY, { nextMs }, nextMs);
      },
      wake: (_key, step) => {
        const dueMs = step.state(KEY)?.nextMs ?? step.nowMs;
        const nextMs = times.after(step.nowMs, dueMs);
        step.keep(KEY, { nextMs }, nextMs);
        step.emit("due", { key: KEY, timeMs: dueMs });
      },
    };
  },
});
