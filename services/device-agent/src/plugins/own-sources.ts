import { types } from "node:util";
import { isName, NAME_RULE } from "@weir/protocol";
import { EXIT_CODES, Fault } from "@weir/runtime";
import { z } from "zod";
import { SOURCE_KINDS } from "../sources/index.ts";
import type { Sample, Source, SourceContext, SourceKind } from "../sources/source.ts";
import { type Checked, loadModules, thrownText } from "./load.ts";

/**
 * Loads a user's own kinds of sources: each file of the folder exports one by the name `source`.
 *
 * @throws Fault that names each file that cannot be used, and why.
 */
export function loadSourceKinds(folder: string): SourceKind[] {
  const taken = SOURCE_KINDS.map(({ name }) => name);
  return loadModules(folder, { exportName: "source", taken, check: checkedKind });
}

const RULE = `it must be ${NAME_RULE}`;
const name = z.string(RULE).refine(isName, RULE);

const kindShape = z.object(
  {
    name,
    summary: z.string("it must be a sentence"),
    options: z.custom<SourceKind["options"]>(isSchema, "it must be a schema of zod"),
    open: z.custom<SourceKind["open"]>(
      (given) => typeof given === "function" && !types.isAsyncFunction(given),
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
 * A kind out of a file of the user's own. What it opens and measures is looked at as well, because nobody
 * has checked its types.
 */
function checkedKind(given: unknown, file: string): Checked<SourceKind> {
  const parsed = kindShape.safeParse(given);
  if (!parsed.success)
    return {
      kind: "unsound",
      reason: `it exports a source that is none: ${problemsOf(parsed.error)}`,
    };
  // As a method of what was exported: it may refer to itself.
  const kind = given as SourceKind;
  const { name, summary, options } = kind;
  return {
    kind: "sound",
    loaded: {
      name,
      summary,
      options,
      open: (given, context) => openOf(kind, { options: given, context }, file),
    },
  };
}

function openOf(
  kind: SourceKind,
  { options, context }: { options: unknown; context: SourceContext },
  file: string,
): Source {
  try {
    return checkedSource(kind.open(options, context), file);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw unusable(file, `cannot open the source ${context.name}: ${thrownText(cause)}`, cause);
  }
}

function checkedSource(given: unknown, file: string): Source {
  const parsed = sourceShape.safeParse(given);
  if (!parsed.success) {
    throw unusable(file, `opens a source that is none: ${problemsOf(parsed.error)}`);
  }
  // As a method of what was opened: it may refer to itself.
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
      throw new Error(`it measured ${attribute}, which is no attribute of it`);
    if (!Number.isFinite(value)) throw new Error(`${attribute}: ${String(value)} is no number`);
  }
  return given as Sample;
}

function unusable(file: string, problem: string, cause?: unknown): Fault {
  return new Fault(`the source file ${file} ${problem}`, {
    remedy: "Mend the file (see docs/how-to/add-a-source.md), or take it out of the folder.",
    exitCode: EXIT_CODES.configuration,
    cause,
  });
}

function problemsOf(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ");
}

/** By what it can do: a file of elsewhere may have a zod of its own. */
function isSchema(given: unknown): boolean {
  return typeof given === "object" && given !== null && "safeParse" in given;
}

function isFunction(given: unknown): boolean {
  return typeof given === "function";
}
