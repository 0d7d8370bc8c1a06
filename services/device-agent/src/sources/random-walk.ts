import { z } from "zod";
import type { SourceKind } from "./source.ts";

const DECIMALS = 3;

const options = z
  .strictObject({
    min: z.number("it must be a number").default(0).describe("The lower bound."),
    max: z.number("it must be a number").default(28.91).describe("The upper bound."),
    step: z
      .number("it must be a number")
      .positive("it must be larger than 0")
      .default(1)
      .describe("The largest step, up or down."),
    start: z
      .number("it must be a number")
      .optional()
      .describe("The first value. Default: in the middle."),
    unit: z
      .string("it must be text")
      .nullable()
      .default(null)
      .describe("The unit as Home Assistant and SI write it: °C, %, V. None unless it is given."),
  })
  .refine(({ min, max }) => min < max, { path: ["max"], error: "it must be larger than min" })
  .refine(({ min, max, start = min }) => min <= start && start <= max, {
    path: ["start"],
    error: "it must be from min to max",
  });

/** A number that wanders as a temperature does. Each step starts at the last value, reported or not. */
export const source: SourceKind<z.infer<typeof options>> = {
  name: "random_walk",
  summary: "A number that takes a random step up or down each time, between two bounds.",
  options,

  open: (options, { name, random }) => {
    const { min, max, unit } = options;
    let value = options.start ?? (min + max) / 2;
    return {
      attributes: [
        { name, label: name, unit, range: { min, max }, decimals: DECIMALS, deviceClass: null },
      ],
      read: async () => {
        value = nextValue(value, options, random);
        return { [name]: Number(value.toFixed(DECIMALS)) };
      },
      [Symbol.dispose]: () => {},
    };
  },
};

/** One step, uniformly distributed over both directions. */
export function nextValue(
  value: number,
  { min, max, step }: { min: number; max: number; step: number },
  random: () => number,
): number {
  return reflected(value + (2 * random() - 1) * step, min, max);
}

/**
 * Reflects a value at the bounds. A walk that is clamped instead spends more time at its bounds; this one is
 * uniformly distributed.
 */
function reflected(value: number, min: number, max: number): number {
  const width = max - min;
  const there = Math.abs(value - min) % (2 * width);
  return min + (there <= width ? there : 2 * width - there);
}
