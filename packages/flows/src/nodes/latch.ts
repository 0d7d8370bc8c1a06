import { z } from "zod";
import { by, grouping } from "../node/grouping.ts";
import { defineNode } from "../node/node.ts";

const config = z.strictObject({ by: by.default("{{key}}") });
const state = z.object({ sinceMs: z.number() });

/** Remembers that it was set, until it is reset; only changes go on. */
export const latch = defineNode<z.infer<typeof config>, z.infer<typeof state>>({
  type: "latch",
  group: "condition",
  summary: "stays set until it is reset",
  config,
  state,
  inputs: () => ["set", "reset"],
  outputs: () => ["set", "reset"],
  create: (given) => {
    const groupOf = grouping(given.by);
    return {
      take: (input, data, step) => {
        const key = groupOf(data);
        const since = step.state(key)?.sinceMs ?? null;
        const isSet = input === "set";
        step.note({ wasSet: since !== null });
        if (isSet === (since !== null)) return;
        if (isSet) step.keep(key, { sinceMs: step.nowMs });
        else step.forget(key);
        // Whatever came last: what is behind keeps both by the same key.
        step.emit(input, { ...data, key }, { since: since ?? step.nowMs });
      },
    };
  },
});
