import { types } from "node:util";
import { isName, NAME_RULE } from "@weir/protocol";
import { EXIT_CODES, Fault } from "@weir/runtime";
import { z } from "zod";
import { loadPlugins, problemsOf, thrownText } from "../plugins/load.ts";
import { source as command } from "./command.ts";
import { source as randomScatter } from "./random-scatter.ts";
import { source as randomWalk } from "./random-walk.ts";
import { source as replay } from "./replay.ts";
import type { Sample, Source, SourceKind } from "./source.ts";
import { source as spaceUsage } from "./space-usage.ts";
import { source as system } from "./system.ts";

/** Weir's kinds of sources. */
export const SOURCE_KINDS: readonly SourceKind[] = [
  command,
  randomScatter,
  randomWalk,
  replay,
  spaceUsage,
  system,
];

const RULE = `it must be ${NAME_RULE}`;
const name = z.string(RULE).refine(isName, RULE);
const isFunction = (given: unknown): boolean => typeof given === "function";

const kindShape = z.object(
  {
    name,
    summary: z.string("it must be a sentence"),
    // By its method, not its class: a plugin may have its own zod.
    options: z.custom<SourceKind["options"]>(
      (given) => typeof given === "object" && given !== null && "safeParse" in given,
      "it must be a schema of zod",
    ),
    open: z.custom<SourceKind["open"]>(
      (given) => isFunction(given) && !types.isAsyncFunction(given),
      "it must be a function that opens the source at once",
    ),
  },
  "it must be an object",
);

const bound = z.number("it must be a number or null").nullable();
const text = z.string("it must be text");
const sourceShape = z.object({
  attributes: z
    .array(
      z.object({
        name,
        label: text,
        unit: text.nullable(),
        range: z.object({ min: bound, max: bound }),
        decimals: z.int("it must be a whole number").min(0).max(20),
        deviceClass: text.nullable(),
      }),
      "it must be a list",
    )
    .min(1, "there is at least one"),
  read: z.custom<Source["read"]>(isFunction, "it must be a function"),
  [Symbol.dispose]: z.custom<() => void>(isFunction, "it must be a function").optional(),
});

/**
 * Loads the user's own kinds of sources: each file of the folder exports one as `source`. Each source that
 * such a kind opens is checked, and each sample: no compiler has checked their types.
 *
 * @throws Fault that names each file that cannot be used, and why.
 */
export function loadSourceKinds(folder: string): SourceKind[] {
  const taken = SOURCE_KINDS.map(({ name }) => name);
  const plugins = loadPlugins<SourceKind>(folder, {
    exportName: "source",
    shape: kindShape,
    taken,
  });
  return plugins.map(({ exported: kind, file }) => ({
    name: kind.name,
    summary: kind.summary,
    options: kind.options,
    open: (options, context) => {
      try {
        return checkedSource(kind.open(options, context), file);
      } catch (cause) {
        if (cause instanceof Fault) throw cause;
        const problem = `cannot open the source ${context.name}: ${thrownText(cause)}`;
        throw unusable(file, problem, cause);
      }
    },
  }));
}

function checkedSource(given: unknown, file: string): Source {
  const parsed = sourceShape.safeParse(given);
  if (!parsed.success) {
    throw unusable(file, `opens a source that is not valid: ${problemsOf(parsed.error)}`);
  }
  const source = given as Source;
  const { attributes } = parsed.data;
  const names = new Set(attributes.map((attribute) => attribute.name));
  return {
    attributes,
    read: async (signal) => checkedSample(await source.read(signal), names),
    [Symbol.dispose]: () => source[Symbol.dispose]?.(),
  };
}

function checkedSample(given: unknown, names: ReadonlySet<string>): Sample {
  if (typeof given !== "object" || given === null) {
    throw new Error("it measured no object of values by the names of attributes");
  }
  for (const [attribute, value] of Object.entries(given)) {
    if (!names.has(attribute))
      throw new Error(`it measured ${attribute}, which is not one of its attributes`);
    if (!Number.isFinite(value)) throw new Error(`${attribute}: ${String(value)} is not a number`);
  }
  return given as Sample;
}

function unusable(file: string, problem: string, cause?: unknown): Fault {
  return new Fault(`the source file ${file} ${problem}`, {
    remedy: "Correct the file (see docs/how-to/add-a-source.md), or move it out of the folder.",
    exitCode: EXIT_CODES.configuration,
    cause,
  });
}
