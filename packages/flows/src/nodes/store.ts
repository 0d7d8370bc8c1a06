import { z } from "zod";
import { Expression } from "../expressions/expression.ts";
import { expressionOf } from "../node/expressions.ts";
import { type Data, defineNode } from "../node/node.ts";
import { type Filling, filler, jsonFiller, jsonTemplate, template } from "../node/templated.ts";

const NAME_MAX = 200;
/** The largest value, as JSON in characters. */
const VALUE_MAX = 8_192;

const config = z
  .strictObject({
    name: template(500).describe("a template for the name; all workflows share the stored values"),
    value: jsonTemplate
      .optional()
      .describe(
        'what to store: JSON whose strings are templates; "{{value}}" alone stays a number',
      ),
    expression: expressionOf("what to store").optional(),
    add: z.number().optional().describe("adds to the number that is stored; to 0 where none is"),
  })
  .superRefine(({ value, expression, add }, context) => {
    if ([value, expression, add].filter((one) => one !== undefined).length === 1) return;
    const message = "give value, expression or add, and only one of them";
    context.addIssue({ code: "custom", path: ["value"], message });
  });

/** Sets a value that outlives runs, and that other nodes and workflows read. */
export const store = defineNode({
  type: "store",
  group: "action",
  summary: "sets a stored value, or adds to it",
  config,
  expressions: ({ expression }) => (expression === undefined ? [] : [expression]),
  inputs: () => ["in"],
  outputs: () => ["done"],
  create: ({ name, value, expression, add }) => {
    const nameOf = filler(name, { isOneLine: true, lengthMax: NAME_MAX });
    const nextOf = nextValue({ value, expression, add });
    return {
      take: (_input, data, step) => {
        const named = nameOf(data, step);
        const refuse = (problem: string): void => step.fail(problem, data);
        if (named === "") {
          refuse(`the name ${JSON.stringify(name)} is empty with this data`);
          return;
        }
        const before = step.stored.get(named) ?? null;
        const next = nextOf(data, before, step);
        if ("problem" in next) {
          refuse(`${named}: ${next.problem}`);
          return;
        }
        const length = JSON.stringify(next.value).length;
        if (length > VALUE_MAX) {
          refuse(`the value has ${length} characters, and at most ${VALUE_MAX} are stored`);
          return;
        }
        if (!step.stored.set(named, next.value)) {
          refuse(`there is no room for another stored value: ${named}`);
          return;
        }
        step.note({ stored: named, value: next.value });
        step.emit("done", data, { value: next.value, before });
      },
    };
  },
});

type Next = { value: unknown } | { problem: string };

function nextValue({
  value,
  expression,
  add,
}: Pick<z.infer<typeof config>, "value" | "expression" | "add">): (
  data: Data,
  before: unknown,
  step: Filling,
) => Next {
  if (add !== undefined) {
    return (_data, before) => {
      if (before === null) return { value: add };
      return typeof before === "number"
        ? { value: before + add }
        : { problem: `what is stored is no number to which ${add} could be added` };
    };
  }
  if (expression !== undefined) {
    const evaluated = new Expression(expression);
    return (data) => evaluated.evaluate(data);
  }
  const fill = jsonFiller(value);
  return (data, _before, step) => ({ value: fill(data, step) });
}
