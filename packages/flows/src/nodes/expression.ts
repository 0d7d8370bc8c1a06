import { z } from "zod";
import { Expression } from "../expressions/expression.ts";
import { expressionOf } from "../node/expressions.ts";
import { defineNode } from "../node/node.ts";

/** Goes on by yes or no, as an expression over the data says. */
export const expression = defineNode({
  type: "expression",
  group: "condition",
  summary: "yes or no, as an expression over the data says",
  config: z.strictObject({ expression: expressionOf("what must hold for yes") }),
  expressions: ({ expression: text }) => [text],
  inputs: () => ["in"],
  outputs: () => ["yes", "no"],
  create: ({ expression: text }) => {
    const compiled = new Expression(text);
    if (compiled.type !== "bool" && compiled.type !== "dyn") {
      throw new Error(`the expression gives ${compiled.type}, not yes or no: compare it`);
    }
    return {
      take: (_input, data, step) => {
        const evaluated = compiled.evaluate(data);
        step.note(compiled.valuesIn(data));
        if ("problem" in evaluated) step.fail(evaluated.problem, data);
        else if (typeof evaluated.value !== "boolean") {
          step.fail("the expression gives no yes or no: compare its value", data);
        } else step.emit(evaluated.value ? "yes" : "no", data);
      },
    };
  },
});
