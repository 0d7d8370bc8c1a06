import { z } from "zod";
import { isTooDeep, jsonOf } from "../expressions/json.ts";
import { defineNode } from "../node/node.ts";
import { jsonFiller, jsonTemplate } from "../node/templated.ts";

/** The largest payload, as JSON in characters. Workflows that press one another hand on what the other has made of it. */
const PAYLOAD_MAX = 65_536;

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
        const brought = payloadOf(data, step);
        const length = isTooDeep(brought) ? Number.POSITIVE_INFINITY : jsonOf(brought)?.length;
        if (length === undefined || length > PAYLOAD_MAX) {
          const most = `at most ${PAYLOAD_MAX} characters of JSON`;
          step.fail(`the payload is too long, or nested too deeply; a press has ${most}`, data);
        } else if (step.press(pressed, brought)) step.emit("done", data);
        else
          step.fail(`there is no button ${button} in a workflow ${pressed.flow} that runs`, data);
      },
    };
  },
});
