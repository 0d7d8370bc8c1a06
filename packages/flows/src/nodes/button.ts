import { z } from "zod";
import { defineNode } from "../node/node.ts";

const config = z.strictObject({
  label: z.string().min(1).max(80).optional().describe("what stands on the button"),
  payload: z.unknown().optional().describe("what a press brings along that has no payload"),
});

/** A person presses, or another workflow. */
export const button = defineNode<z.infer<typeof config>>({
  type: "button",
  group: "trigger",
  summary: "somebody presses a button on a page, by the API, or in another workflow",
  config,
  begins: () => ["key", "by", "payload", "timeMs"],
  inputs: () => [],
  outputs: () => ["pressed"],
  create: ({ label, payload: usual = null }, { name }) => ({
    sources: [{ kind: "button", label: label ?? name }],
    hear: (heard, step) => {
      if (heard.kind !== "button") return;
      const { by, payload } = heard;
      step.emit("pressed", { key: "", by, payload: payload ?? usual, timeMs: step.nowMs });
    },
  }),
});
