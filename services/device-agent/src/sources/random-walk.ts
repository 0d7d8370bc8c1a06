import { z } from "zod";
import type { SourceKind } from "./source.ts";

const DECIMALS = 3;

export interface RandomWalkOptions {
  min: number;
  max: number;
  step: number;
  start?: number | undefined;
  unit: string | null;
}

/** A number that wanders, as a temperature does. It goes on from its own value, whatever of it is reported. */
export const source: SourceKind<RandomWalkOptions> = {
  name: "random_walk",
  summary: "A number that goes a random step up or down each time, and turns round at its bounds.",
  options: z
    .strictObject({
      min: z.number("it must be a number").default(0).describe("It turns round here."),
      max: z.number("it must be a number").default(28.91).describe("And here."),
      step: z
        .number("it must be a number")
        .positive("it must be larger than 0")
        .default(1)
        .describe("How far it goes at most in one step, up or down."),
      start: z
        .number("it must be a number")
        .optional()
        .describe("Where it begins; in the middle unless it is given."),
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
    }),

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

/** One step on: as likely up as down, each width as likely as any other. */
export function nextValue(
  value: number,
  { min, max, step }: Pick<RandomWalkOptions, "min" | "max" | "step">,
  random: () => number,
): number {
  return reflected(value + (2 * random() - 1) * step, min, max);
}

/**
 * What would go beyond a bound comes back by as much, as from a mirror. A walk that is stopped at its
 * bounds instead clings to them; this one is everywhere equally often.
 */
function reflected(value: number, min: number, max: number): number {
  const width = max - min;
  const there = Math.abs(value - min) % (2 * width);
  return min + (there <= width ? there : 2 * width - there);
}
