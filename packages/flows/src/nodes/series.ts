import { z } from "zod";
import { dataOfPoint, POINT_NAMES } from "../node/heard.ts";
import { defineNode } from "../node/node.ts";

/** Each reading of a series begins a run. */
export const series = defineNode({
  type: "series",
  group: "trigger",
  summary: "each reading of a series",
  config: z.strictObject({
    series: z
      .string()
      .min(1)
      .max(2_048)
      .describe("topic#path of the series; + and # in the topic stand for several"),
  }),
  begins: () => POINT_NAMES,
  inputs: () => [],
  outputs: () => ["reading"],
  create: (config) => ({
    sources: [{ kind: "series", series: config.series }],
    hear: (heard, step) => {
      if (heard.kind === "series") step.emit("reading", dataOfPoint(heard));
    },
  }),
});
