import { z } from "zod";
import { fits, namePattern } from "../node/addressing.ts";
import { defineNode } from "../node/node.ts";

const SEVERITIES = ["info", "warning", "critical"] as const;
const STATES = ["new", "acknowledged", "cleared"] as const;

const config = z.strictObject({
  flow: namePattern
    .optional()
    .describe("only alerts of workflows of this name; * stands for any text"),
  severities: z.array(z.enum(SEVERITIES)).min(1).max(3).optional().describe("without it, all"),
  states: z
    .array(z.enum(STATES))
    .min(1)
    .max(3)
    .optional()
    .describe("what the alert has become; without it, all"),
});

/** An alert of any workflow is new, was acknowledged, or is over. */
export const alertChange = defineNode<z.infer<typeof config>>({
  type: "alert-change",
  group: "trigger",
  summary: "an alert is new, was acknowledged, or is cleared",
  config,
  begins: () => ["key", "alert", "timeMs"],
  inputs: () => [],
  outputs: () => ["change"],
  create: ({ flow, severities = SEVERITIES, states = STATES }) => {
    const isMeant = fits(flow);
    return {
      sources: [{ kind: "alerts" }],
      hear: (heard, step) => {
        if (heard.kind !== "alerts") return;
        const { alert } = heard;
        if (!isMeant(alert.flow) || !severities.includes(alert.severity)) return;
        if (!states.includes(alert.state)) return;
        step.emit("change", { key: alert.key, alert, timeMs: step.nowMs });
      },
    };
  },
});
