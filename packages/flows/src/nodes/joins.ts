import { z } from "zod";
import { by, grouping } from "../node/grouping.ts";
import { defineNode } from "../node/node.ts";

const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"] as const;
type Name = (typeof NAMES)[number];

const config = z.strictObject({
  inputs: z
    .int()
    .min(2)
    .max(NAMES.length)
    .default(2)
    .describe("how many: a, b, … say that something holds, not-a, not-b, … that it does not"),
  by: by.default(""),
});
type Config = z.infer<typeof config>;
const state = z.object({ holds: z.partialRecord(z.enum(NAMES), z.boolean()), isYes: z.boolean() });

/** Yes when all inputs hold. */
export const all = join("all", "all of several conditions hold (AND)", (holds, count) =>
  NAMES.slice(0, count).every((name) => holds[name] === true),
);

/** Yes when one input holds. */
export const any = join("any", "one of several conditions holds (OR)", (holds) =>
  Object.values(holds).includes(true),
);

/** What an input has said last counts, also after a restart; what has said nothing yet does not hold. */
function join(
  type: string,
  summary: string,
  isMet: (holds: z.infer<typeof state>["holds"], count: number) => boolean,
) {
  return defineNode<Config, z.infer<typeof state>>({
    type,
    group: "condition",
    summary,
    config,
    state,
    inputs: ({ inputs }) => NAMES.slice(0, inputs).flatMap((name) => [name, `not-${name}`]),
    outputs: () => ["yes", "no"],
    create: ({ inputs, by: template }) => {
      const groupOf = grouping(template);
      return {
        take: (input, data, step) => {
          const key = groupOf(data);
          const before = step.state(key) ?? { holds: {}, isYes: false };
          // The inputs are these names, and the same with not- in front.
          const name = input.replace(/^not-/, "") as Name;
          const doesHold = name === input;
          const holds = { ...before.holds, [name]: doesHold };
          const isYes = isMet(holds, inputs);
          step.note(holds);
          if (before.holds[name] === doesHold) return;
          step.keep(key, { holds, isYes });
          // Whatever came last: what is behind keeps yes and no by the same key.
          if (isYes !== before.isYes) step.emit(isYes ? "yes" : "no", { ...data, key }, holds);
        },
      };
    },
  });
}
