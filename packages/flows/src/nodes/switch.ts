import { z } from "zod";
import { Expression } from "../expressions/expression.ts";
import { expressionOf } from "../node/expressions.ts";
import { type Data, defineNode } from "../node/node.ts";

const CASES_MAX = 20;
const OTHERWISE = "else";
const TAKEN = [OTHERWISE, "error"];

const scalar = z.union([z.string().max(1_000), z.number(), z.boolean()]);
const config = z.strictObject({
  of: expressionOf("the value that is compared with those of the cases")
    .optional()
    .describe(
      "an expression: its value is compared with those of the cases. Without it, each case is one",
    ),
  cases: z
    .record(
      z
        .string()
        .regex(
          /^[A-Za-z][\w-]{0,63}$/,
          "a case has letters, digits and hyphens, and begins with a letter",
        ),
      z.union([scalar, z.array(scalar).min(1).max(100)]),
    )
    .refine((cases) => Object.keys(cases).length > 0, "give at least one")
    .refine((cases) => Object.keys(cases).length <= CASES_MAX, `at most ${CASES_MAX}`)
    .refine(
      (cases) => TAKEN.every((name) => !Object.hasOwn(cases, name)),
      `no case can be named ${TAKEN.join(" or ")}`,
    )
    .describe("the outputs: the first case that fits is taken, otherwise else"),
});
type Config = z.infer<typeof config>;

/** Goes on by the output of the first case that fits. */
export const switchNode = defineNode<Config>({
  type: "switch",
  group: "condition",
  summary: "goes on by one of several outputs",
  config,
  expressions: ({ of, cases }) =>
    of === undefined ? Object.values(cases).filter((one) => typeof one === "string") : [of],
  inputs: () => ["in"],
  outputs: ({ cases }) => [...Object.keys(cases), OTHERWISE],
  create: (given) => {
    const find = given.of === undefined ? byExpressions(given) : byValue(given.of, given.cases);
    return {
      take: (_input, data, step) => {
        const found = find(data);
        if ("value" in found) step.note({ value: found.value });
        if ("problem" in found) step.fail(found.problem, data);
        else step.emit(found.output, data);
      },
    };
  },
});

/** `value`: what the cases were compared with, where that is short. */
type Find = (data: Data) => { output: string; value?: unknown } | { problem: string };

function byValue(of: string, cases: Config["cases"]): Find {
  const expression = new Expression(of);
  const outputs = new Map<unknown, string>();
  for (const [output, values] of Object.entries(cases)) {
    for (const value of [values].flat()) if (!outputs.has(value)) outputs.set(value, output);
  }
  return (data) => {
    const evaluated = expression.evaluate(data);
    if ("problem" in evaluated) return evaluated;
    const { value } = evaluated;
    const output = outputs.get(value) ?? OTHERWISE;
    return output === OTHERWISE && typeof value !== "number" ? { output } : { output, value };
  };
}

function byExpressions({ cases }: Config): Find {
  const expressions = Object.entries(cases).map(([output, text]) => {
    if (typeof text !== "string") {
      throw new Error(`case ${output} is no expression; give of to compare with values`);
    }
    return { output, expression: new Expression(text) };
  });
  return (data) => {
    for (const { output, expression } of expressions) {
      const evaluated = expression.evaluate(data);
      if ("problem" in evaluated) return evaluated;
      if (evaluated.value === true) return { output };
      if (evaluated.value !== false) {
        return { problem: `case ${output} gives no yes or no: compare its value` };
      }
    }
    return { output: OTHERWISE };
  };
}
