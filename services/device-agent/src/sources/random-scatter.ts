import { z } from "zod";
import type { SourceKind } from "./source.ts";

const DECIMALS = 3;

const options = z
  .strictObject({
    min: z.number("it must be a number").default(0).describe("The smallest number."),
    max: z.number("it must be a number").default(28.91).describe("The largest number."),
    unit: z
      .string("it must be text")
      .nullable()
      .default(null)
      .describe("The unit as Home Assistant and SI write it: °C, %, V. None unless it is given."),
  })
  .refine(({ min, max }) => min < max, { path: ["max"], error: "it must be larger than min" });

/** Independent numbers, for trying things out. */
export const source: SourceKind<z.infer<typeof options>> = {
  name: "random_scatter",
  summary: "A random number in a range, each independent of the one before.",
  options,

  open: ({ min, max, unit }, { name, random }) => ({
    attributes: [
      { name, label: name, unit, range: { min, max }, decimals: DECIMALS, deviceClass: null },
    ],
    read: async () => ({ [name]: Number((min + random() * (max - min)).toFixed(DECIMALS)) }),
    [Symbol.dispose]: () => {},
  }),
};
