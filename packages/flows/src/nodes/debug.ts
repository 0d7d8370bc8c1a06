import { z } from "zod";
import { defineNode } from "../node/node.ts";

/** Shows the data that reaches it, at the node and in the trace. */
export const debug = defineNode({
  type: "debug",
  group: "action",
  summary: "shows the data that reaches it, and keeps it in the trace",
  config: z.strictObject({}),
  inputs: () => ["in"],
  outputs: () => ["out"],
  create: () => ({
    take: (_input, data, step) => {
      step.note({ data });
      step.emit("out", data);
    },
  }),
});
