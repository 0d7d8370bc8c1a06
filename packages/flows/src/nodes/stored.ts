import { z } from "zod";
import { defineNode } from "../node/node.ts";
import { filler } from "../node/templated.ts";

const config = z.strictObject({
  name: z.string().min(1).max(1_000).describe("the value's name, as a template"),
  default: z
    .union([z.string().max(10_000), z.number(), z.boolean()])
    .optional()
    .describe("taken where no value is stored; without it, such a run takes the output missing"),
});

/** Reads a value that some workflow has stored. */
export const stored = defineNode({
  type: "stored",
  group: "data",
  summary: "reads a stored value",
  config,
  inputs: () => ["in"],
  outputs: () => ["value", "missing"],
  create: (given) => {
    const nameOf = filler(given.name, { isOneLine: true, lengthMax: 1_000 });
    return {
      take: (_input, data, step) => {
        const name = nameOf(data, step);
        const value = step.stored.get(name) ?? given.default ?? null;
        if (value === null) {
          step.note({ name });
          step.emit("missing", data, { name, value });
        } else {
          step.note({ name, value: typeof value === "object" ? "(an object)" : value });
          step.emit("value", data, { name, value });
        }
      },
    };
  },
});
