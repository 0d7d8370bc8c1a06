import { z } from "zod";
import { Expression } from "../expressions/expression.ts";
import { jsonOf } from "../expressions/json.ts";
import { expressionOf } from "../node/expressions.ts";
import { by, grouping } from "../node/grouping.ts";
import { defineNode } from "../node/node.ts";

const LENGTH_MAX = 1_000;

const config = z.strictObject({
  of: expressionOf("what is looked at").default("value"),
  atLeast: z
    .number()
    .positive()
    .optional()
    .describe("how far a number must be from the one that went on last; without it, any change"),
  by: by.default("{{key}}"),
});
const state = z.object({ last: z.union([z.number(), z.string()]) });

/** Goes on when a value is another one than before. The first value is no change. */
export const change = defineNode<z.infer<typeof config>, z.infer<typeof state>>({
  type: "change",
  group: "condition",
  summary: "a value changes, at all or by an amount",
  config,
  state,
  expressions: ({ of }) => [of],
  inputs: () => ["in"],
  outputs: () => ["changed", "same"],
  create: ({ of, atLeast, by: template }) => {
    const expression = new Expression(of);
    const groupOf = grouping(template);
    return {
      take: (_input, data, step) => {
        const evaluated = expression.evaluate(data);
        if ("problem" in evaluated) return step.fail(evaluated.problem, data);
        const { value } = evaluated;
        if (atLeast !== undefined && typeof value !== "number") {
          return step.fail(`${of} gives no number`, data);
        }
        const now = typeof value === "number" ? value : jsonOf(value);
        if (now === null || (typeof now === "string" && now.length > LENGTH_MAX)) {
          return step.fail(`the value has more than ${LENGTH_MAX} characters`, data);
        }
        const key = groupOf(data);
        const last = step.state(key)?.last;
        if (last === undefined) {
          step.keep(key, { last: now });
          return step.emit("same", data);
        }
        const isNumbers = typeof now === "number" && typeof last === "number";
        const difference = isNumbers ? now - last : null;
        const hasChanged =
          atLeast === undefined || difference === null
            ? now !== last
            : Math.abs(difference) >= atLeast;
        const before = typeof last === "number" ? last : JSON.parse(last);
        step.note({ value, before });
        if (!hasChanged) return step.emit("same", data);
        step.keep(key, { last: now });
        step.emit("changed", data, { before, by: difference });
      },
    };
  },
});
