import { createFakeClock } from "@weir/testkit";
import { createRandom } from "../../src/sources/random.ts";
import type { Sample, Source, SourceContext, SourceKind } from "../../src/sources/source.ts";

/** Opens a source as the agent does: its options through its schema. */
export function openSource<O>(
  kind: SourceKind<O>,
  options: object = {},
  context: Partial<SourceContext> = {},
): Source {
  return kind.open(kind.options.parse(options), {
    name: "it",
    random: createRandom(1),
    clock: createFakeClock(),
    base: "/",
    ...context,
  });
}

export function read(source: Source): Promise<Sample> {
  return source.read(new AbortController().signal);
}

/** What a schema says is wrong with options, as `path: message`. */
export function problemsWith<O>(kind: SourceKind<O>, options: object): string[] {
  const parsed = kind.options.safeParse(options);
  const issues = parsed.success ? [] : parsed.error.issues;
  return issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}
