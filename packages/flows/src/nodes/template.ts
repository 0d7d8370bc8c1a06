import { z } from "zod";
import { Template } from "../expressions/template.ts";
import { defineNode } from "./node.ts";

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
      compiled: new Template(text),
    }));
    return {
      take: (_input, data, step) => {
        const made: Record<string, string> = {};
        const unknown = new Set<string>();
        for (const { name, compiled } of templates) {
          const rendered = compiled.render(data);
          made[name] = rendered.text;
          for (const one of rendered.unknown) unknown.add(one);
        }
        if (unknown.size > 0) step.note({ unknown: [...unknown] });
        step.emit("out", data, made);
      },
    };
  },
});
