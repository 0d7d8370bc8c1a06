import { z } from "zod";
import { defineNode } from "../node/node.ts";
import { filler } from "../node/templated.ts";

const FIELDS_MAX = 20;

const config = z.strictObject({
  texts: z
    .record(
      z
        .string()
        .regex(/^[A-Za-z]\w{0,63}$/, "a name has letters, digits and _, and begins with a letter"),
      z.string().max(20_000),
    )
    .refine((texts) => Object.keys(texts).length <= FIELDS_MAX, `at most ${FIELDS_MAX}`)
    .describe("templates, by name: those behind find {{node.name}}"),
});

/** Makes texts out of the data, for the nodes behind. */
export const template = defineNode({
  type: "template",
  group: "data",
  summary: "makes texts out of the data",
  config,
  inputs: () => ["in"],
  outputs: () => ["out"],
  create: ({ texts }) => {
    const templates = Object.entries(texts).map(([name, text]) => ({
      name,
      fill: filler(text),
    }));
    return {
      take: (_input, data, step) => {
        const made: Record<string, string> = {};
        for (const { name, fill } of templates) made[name] = fill(data, step);
        step.emit("out", data, made);
      },
    };
  },
});
