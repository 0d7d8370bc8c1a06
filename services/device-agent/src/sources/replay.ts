import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { textOf } from "@weir/protocol";
import { EXIT_CODES, errorMessage, Fault } from "@weir/runtime";
import { z } from "zod";
import { parseRecording, type Recording, VALUES_MAX } from "./recording.ts";
import { nameSchema, type Sample, type SourceKind } from "./source.ts";

const FILE_BYTES_MAX = 64 * 2 ** 20;

const options = z.strictObject({
  file: z
    .string("it must be a path")
    .min(1, "a path has at least one character")
    .describe(
      "What weir export wrote, JSON lines, CSV (in a file that ends in .csv), or one number on each line; 64 MiB at most. A relative path starts at the folder of agent.yaml.",
    ),
  attributes: z
    .array(nameSchema, "it must be a list")
    .max(20, "there are at most 20")
    .default([])
    .describe(
      "Attributes of recorded states, or columns; reported under their names. Without any, the number of each reading is taken, and reported under the name of the source.",
    ),
  topic: z
    .string("it must be a topic")
    .optional()
    .describe("Only what was recorded of this topic: an export may be of many devices."),
  loop: z
    .boolean("it must be true or false")
    .default(true)
    .describe("Whether it begins again at its end. false: it reports nothing more then."),
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
});

/** The numbers of a recorded file: one sample for each read, in order. */
export const source: SourceKind<z.infer<typeof options>> = {
  name: "replay",
  summary: "The numbers of a recorded file: an export, JSON lines, CSV, or a column of numbers.",
  options,

  open: ({ file, attributes, topic = null, loop, unit, decimals }, { name, base }) => {
    const path = resolve(base, file);
    const format = path.toLowerCase().endsWith(".csv") ? "csv" : "lines";
    const recording = parseRecording(readText(path), format, { attributes, topic });
    checkUsable(recording, path);
    const { values } = recording;
    const names = attributes.length === 0 ? [name] : attributes;
    let warning = warningOf(recording, path);
    let next = 0;
    return {
      attributes: names.map((name) => ({
        name,
        label: name,
        unit,
        range: { min: null, max: null },
        decimals,
        deviceClass: null,
      })),
      read: async () => {
        if (warning !== null) {
          // Once: the file does not change.
          const error = new Error(warning);
          warning = null;
          throw error;
        }
        if (next === values.length && loop) next = 0;
        const numbers = values.slice(next, next + names.length);
        next += numbers.length;
        return sampleOf(names, numbers, decimals);
      },
      [Symbol.dispose]: () => {},
    };
  },
};

function sampleOf(names: readonly string[], numbers: readonly number[], decimals: number): Sample {
  const named = numbers.map((number, index) => [names[index], Number(number.toFixed(decimals))]);
  return Object.fromEntries(named.filter(([, number]) => !Number.isNaN(number)));
}

function readText(path: string): string {
  try {
    // Opening a pipe without a writer would block.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = fstatSync(descriptor);
      // Reading a device may never end.
      if (!found.isFile()) throw new Error("it is not a file");
      if (found.size > FILE_BYTES_MAX) {
        throw new Error(`it has ${found.size} bytes; ${FILE_BYTES_MAX} (64 MiB) are the most`);
      }
      return textOf(readFileSync(descriptor));
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw new Fault(`the recording ${path} cannot be replayed: ${errorMessage(cause)}`, {
      remedy:
        "Give a file that can be read, of at most 64 MiB; weir export with --from and --to makes one.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

function checkUsable({ values, isWhole, badLines }: Recording, path: string): void {
  if (!isWhole) {
    throw new Fault(`the recording ${path} has more than ${VALUES_MAX} numbers`, {
      remedy: "Replay a part of it, or fewer of its attributes.",
      exitCode: EXIT_CODES.configuration,
    });
  }
  if (values.length === 0) {
    throw new Fault(
      `the recording ${path} has no number that can be replayed (lines that could not be used: ${badLines})`,
      {
        remedy:
          "Look at its first lines. attributes must be names that are recorded, and topic a topic that is recorded.",
        exitCode: EXIT_CODES.configuration,
      },
    );
  }
}

function warningOf({ badLines, firstBadLine }: Recording, path: string): string | null {
  return badLines === 0
    ? null
    : `lines of ${path} without a number are skipped: ${badLines}, the first is line ${firstBadLine}`;
}
