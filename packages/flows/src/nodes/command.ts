import { COMMAND_BYTES_MAX, nameProblem } from "@weir/protocol";
import { duration } from "@weir/runtime";
import { z } from "zod";
import { defineNode } from "../node/node.ts";
import { filler, jsonFiller, jsonTemplate, template } from "../node/templated.ts";

/** What stands around the payload in the message: id, name and times. */
const ENVELOPE_BYTES = 512;
const PAYLOAD_BYTES_MAX = COMMAND_BYTES_MAX - ENVELOPE_BYTES;

/** Sends a command to a device and waits for its end. */
export const command = defineNode({
  type: "command",
  group: "action",
  summary: "sends a command to a device, and goes on with its outcome",
  config: z.strictObject({
    device: template(500)
      .default("{{device}}")
      .describe("a template for the device: kitchen, devices/kitchen, or as the data names it"),
    name: z
      .string()
      .superRefine((name, context) => {
        const message = nameProblem(name);
        if (message !== null) context.addIssue({ code: "custom", message });
      })
      .describe("which command"),
    payload: jsonTemplate
      .optional()
      .describe('its argument: JSON whose strings are templates; "{{value}}" alone stays a number'),
    timeout: duration({ min: "1s", max: "1h" })
      .prefault("30s")
      .describe("how long to wait for the device; it does not begin the command later"),
  }),
  inputs: () => ["in"],
  outputs: () => ["done"],
  create: ({ device, name, payload, timeout }) => {
    const deviceOf = filler(device, { isOneLine: true });
    const payloadOf = payload === undefined ? () => undefined : jsonFiller(payload);
    return {
      take: (_input, data, step) => {
        const to = deviceOf(data, step);
        if (to === "") {
          step.fail(`the device ${JSON.stringify(device)} is empty with this data`, data);
          return;
        }
        const argument = payloadOf(data, step);
        const bytes = argument === undefined ? 0 : Buffer.byteLength(JSON.stringify(argument));
        if (bytes > PAYLOAD_BYTES_MAX) {
          const most = `a command has ${PAYLOAD_BYTES_MAX} at most`;
          step.fail(`the payload has ${bytes} bytes; ${most}`, data);
          return;
        }
        step.note({ device: to, command: name });
        const asked = { device: to, name, payload: argument, timeoutMs: timeout };
        step.perform({ kind: "command", ...asked }, data);
      },
    };
  },
});
