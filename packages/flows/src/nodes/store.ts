import { z } from "zod";
import { renderTemplate } from "../expressions/template.ts";
import { defineNode } from "./node.ts";
import { jsonTemplate, renderJson, template } from "./templated.ts";

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
    add: z.number().optional().describe("adds to the number that is stored; to 0 where none is"),
  })
  .superRefine(({ value, add }, context) => {
    if ((value === undefined) !== (add === undefined)) return;
    const message = "give value or add, and only one of them";
    context.addIssue({ code: "custom", path: ["value"], message });
  });

/** Sets a value that outlives runs, and that other nodes and workflows read. */
export const store = defineNode({
  type: "store",
  group: "action",
  summary: "sets a stored value, or adds to it",
  config,
  inputs: () => ["in"],
  outputs: () => ["done"],
  create: ({ name, value, add }) => ({
    take: (_input, data, step) => {
      const named = renderTemplate(name, data, { oneLine: true }).slice(0, NAME_MAX);
      if (named === "") {
        step.fail(`the name ${JSON.stringify(name)} is empty with this data`, data);
        return;
      }
      const before = step.stored.get(named) ?? null;
      if (add !== undefined && before !== null && typeof before !== "number") {
        step.fail(`${named} holds no number to which ${add} could be added`, data);
        return;
      }
      const next = add === undefined ? renderJson(value, data) : Number(before ?? 0) + add;
      const length = JSON.stringify(next).length;
      if (length > VALUE_MAX) {
        step.fail(`the value has ${length} characters, and at most ${VALUE_MAX} are stored`, data);
        return;
      }
      if (!step.stored.set(named, next)) {
        step.fail(`there is no room for another stored value: ${named}`, data);
        return;
      }
      step.note({ stored: named, value: next });
      step.emit("done", data, { value: next, before });
    },
  }),
});
