import { duration } from "@weir/runtime";
import { z } from "zod";
import { by, grouping } from "../node/grouping.ts";
import { defineNode } from "../node/node.ts";

const config = z.strictObject({
  atMost: z.int().min(1).max(100).default(1).describe("how many go on"),
  per: duration({ min: "1s", max: "30d" }).describe("within this time"),
  by: by.default("{{key}}"),
});
/** When those have gone on that count. */
const state = z.array(z.number());

/** Lets a number of runs go on within a time; the others end, or take the other output. */
export const throttle = defineNode<z.infer<typeof config>, z.infer<typeof state>>({
  type: "throttle",
  group: "condition",
  summary: "lets only so many go on within a time",
  config,
  state,
  inputs: () => ["in"],
  outputs: () => ["out", "dropped"],
  create: ({ atMost, per, by: template }) => {
    const groupOf = grouping(template);
    return {
      take: (_input, data, step) => {
        const key = groupOf(data);
        const times = (step.state(key) ?? []).filter((ms) => ms > step.nowMs - per);
        if (times.length >= atMost) return step.emit("dropped", data);
        // What no longer counts is forgotten when its time is over.
        step.keep(key, [...times, step.nowMs], step.nowMs + per);
        step.emit("out", data);
      },
      wake: (key, step) => step.forget(key),
    };
  },
});
