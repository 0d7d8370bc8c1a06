import { z } from "zod";
import { defineNode } from "./node.ts";
import { jsonFiller, jsonTemplate } from "./templated.ts";

/** Presses a button, usually of another workflow. */
export const press = defineNode({
  type: "press",
  group: "action",
  summary: "presses a button of a workflow",
  config: z.strictObject({
    flow: z
      .string()
      .max(64)
      .optional()
      .describe("the workflow of the button; without it, this one"),
    button: z.string().min(1).max(64).describe("the name of the button's node"),
    payload: jsonTemplate
      .optional()
      .describe("what the button hands on: JSON whose strings are templates"),
  }),
  inputs: () => ["in"],
  outputs: () => ["done"],
  create: ({ flow, button, payload }, place) => {
    const pressed = { flow: flow ?? place.flow, node: button };
    const payloadOf = payload === undefined ? () => null : jsonFiller(payload);
    return {
      take: (_input, data, step) => {
        step.note({ pressed: `${pressed.flow}.${pressed.node}` });
        if (step.press(pressed, payloadOf(data))) step.emit("done", data);
        else
          step.fail(`there is no button ${button} in a workflow ${pressed.flow} that runs`, data);
      },
    };
  },
});
