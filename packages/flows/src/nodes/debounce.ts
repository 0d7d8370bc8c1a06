import { duration } from "@weir/runtime";
import { z } from "zod";
import { by, grouping, tooLongToWait } from "../node/grouping.ts";
import { defineNode } from "../node/node.ts";

const config = z.strictObject({
  for: duration({ min: "1s", max: "30d" }).describe("how long nothing may come"),
  by: by.default("{{key}}"),
});
const state = z.record(z.string(), z.unknown());

/** Goes on with what came last, when nothing has come for a time. */
export const debounce = defineNode<z.infer<typeof config>, z.infer<typeof state>>({
  type: "debounce",
  group: "condition",
  summary: "goes on when nothing has come for a time",
  config,
  state,
  inputs: () => ["in"],
  outputs: () => ["out"],
  create: (given) => {
    const groupOf = grouping(given.by);
    return {
      take: (_input, data, step) => {
        const problem = tooLongToWait(data);
        if (problem !== null) step.fail(problem, data);
        else step.keep(groupOf(data), data, step.nowMs + given.for);
      },
      wake: (key, step) => {
        const data = step.state(key);
        step.forget(key);
        if (data !== undefined) step.emit("out", data);
      },
    };
  },
});
