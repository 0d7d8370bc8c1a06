import { z } from "zod";
import { runProgram } from "./run-program.ts";
import type { SourceKind } from "./source.ts";

/** What is taken of an output without a pattern. */
const FIRST_NUMBER = String.raw`([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)`;

export interface CommandOptions {
  program: string;
  arguments: string[];
  pattern: string;
  timeoutSeconds: number;
  unit: string | null;
  decimals: number;
  label?: string | undefined;
  deviceClass: string | null;
}

/** What a program says: the way to any sensor that has one. */
export const source: SourceKind<CommandOptions> = {
  name: "command",
  summary: "A number that a program writes. It is run without a shell.",
  options: z.strictObject({
    program: z
      .string("it must be the name or path of a program")
      .min(1, "a program has a name")
      .describe(
        "A program on the path, or ./one in the folder of agent.yaml. It is no shell command.",
      ),
    arguments: z
      .array(z.string('it must be text: "5"'), "it must be a list: [-n, kitchen]")
      .max(100, "there are at most 100")
      .default([])
      .describe("Its arguments, each as it stands here: no quotes, no wildcards, no variables."),
    pattern: z
      .string("it must be text")
      .refine((text) => groupsOf(text) === 1, "it must be a regular expression with one group")
      .default(FIRST_NUMBER)
      .describe(
        "A regular expression whose one group is the number: temp=([\\d.]+). The first number unless it is given.",
      ),
    timeoutSeconds: z
      .number("it must be a number of seconds")
      .positive("it must be larger than 0")
      .max(600, "it must be 600 at most")
      .default(5)
      .describe("It is ended when it takes longer, with all that it has started."),
    unit: z
      .string("it must be text")
      .nullable()
      .default(null)
      .describe("The unit as Home Assistant and SI write it: °C, %, V. None unless it is given."),
    decimals: z
      .int("it must be a whole number")
      .min(0, "it must be from 0 to 9")
      .max(9, "it must be from 0 to 9")
      .default(3)
      .describe("Decimals that are reported."),
    label: z.string("it must be text").optional().describe("Its name for people."),
    deviceClass: z
      .string("it must be text")
      .nullable()
      .default(null)
      .describe("Home Assistant's device class where one fits: temperature, voltage."),
  }),

  open: (options, { name, base, clock }) => {
    const { unit, decimals, label = name, deviceClass } = options;
    const pattern = new RegExp(options.pattern);
    const closing = new AbortController();
    return {
      attributes: [{ name, label, unit, range: { min: null, max: null }, decimals, deviceClass }],
      read: async (signal) => {
        const output = await runProgram(
          {
            program: options.program,
            arguments: options.arguments,
            folder: base,
            // In this language numbers have a decimal point. Passwords of the agent are nobody's business.
            environment: { PATH: process.env.PATH ?? "", LANG: "C.UTF-8" },
            timeoutMs: options.timeoutSeconds * 1_000,
            clock,
          },
          AbortSignal.any([signal, closing.signal]),
        );
        const value = numberIn(output, pattern);
        if (value === null) throw new Error(`${options.program} wrote no number: ${shown(output)}`);
        return { [name]: Number(value.toFixed(decimals)) };
      },
      [Symbol.dispose]: () => closing.abort(new Error("the source was closed")),
    };
  },
};

function numberIn(output: string, pattern: RegExp): number | null {
  const text = pattern.exec(output)?.[1]?.trim() ?? "";
  const value = Number(text);
  return text !== "" && Number.isFinite(value) ? value : null;
}

/** How many groups a regular expression has; -1 for what is none. */
function groupsOf(text: string): number {
  try {
    // With an empty alternative it matches anything, and its match has a place for each group.
    return (new RegExp(`${text}|`).exec("")?.length ?? 0) - 1;
  } catch {
    return -1;
  }
}

function shown(output: string): string {
  return JSON.stringify(output.length > 80 ? `${output.slice(0, 80)}…` : output);
}
