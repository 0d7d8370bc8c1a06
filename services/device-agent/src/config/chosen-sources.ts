import { didYouMean, type Path, type Problem } from "@weir/settings-file";
import type { ConfiguredSource } from "./configured-device.ts";
import { readSource, type SourcesContext } from "./sources.ts";

/** What DEVICE_SOURCES may name. */
const OF: readonly Path[] = [["sources"], ["sourceFolder"]];

/**
 * Makes those sources active that DEVICE_SOURCES names, and no others: by their configured name, or all of a
 * kind; a kind of which none is configured is taken as it is without options.
 *
 * @param list names, separated by commas.
 */
export function chooseSources(
  configured: readonly ConfiguredSource[],
  list: string,
  context: SourcesContext,
): { sources: ConfiguredSource[]; problems: Problem[] } {
  const names = new Set(namesIn(list));
  const chosen = [...names].map((name) => choose(configured, name, context));
  const active = new Set(chosen.flatMap(({ sources }) => sources));
  const added = [...active].filter((source) => !configured.includes(source));
  return {
    sources: [...configured, ...added].map((source) => ({
      ...source,
      isActive: active.has(source),
    })),
    problems: chosen.flatMap(({ words }) =>
      words === null ? [] : [{ path: ["DEVICE_SOURCES"], words, of: OF }],
    ),
  };
}

function namesIn(list: string): string[] {
  return list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function choose(
  configured: readonly ConfiguredSource[],
  name: string,
  context: SourcesContext,
): { sources: readonly ConfiguredSource[]; words: string | null } {
  const named = configured.filter((source) => source.name === name);
  if (named.length > 0) return { sources: named, words: null };
  const ofKind = configured.filter(({ kind }) => kind.name === name);
  if (ofKind.length > 0) return { sources: ofKind, words: null };
  if (!context.kinds.some((kind) => kind.name === name)) {
    return { sources: [], words: wordsForUnknown(name, configured, context) };
  }
  const { source, problems } = readSource(name, { source: name }, context);
  if (source !== null) return { sources: [source], words: null };
  const missing = problems.map(({ path, words }) => `${path.slice(2).join(".")}: ${words}`);
  const words = `${name} cannot be had without options (${missing.join("; ")}); describe a source of this kind in agent.yaml, and name that`;
  return { sources: [], words };
}

function wordsForUnknown(
  name: string,
  configured: readonly ConfiguredSource[],
  { kinds }: SourcesContext,
): string {
  const names = [...configured, ...kinds].map((one) => one.name);
  return `${JSON.stringify(name)} is neither a source of this device nor a kind of source${didYouMean(name, names)} (there are ${[...new Set(names)].join(", ")})`;
}
