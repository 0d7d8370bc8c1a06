import type { KindSettings } from "@weir/delivery";
import {
  checkContent,
  didYouMean,
  jsonSchemaOf,
  type Path,
  type Problem,
  wordsForUnknownKey,
} from "@weir/runtime";
import type { DeadbandRule } from "../report/deadband.ts";
import type { SourceKind } from "../sources/source.ts";
import { agentFileFormat, MAX_SILENCE_MS, type SourceEntry, sourceEntry } from "./agent-file.ts";

/** A source, as it is configured. */
export interface ConfiguredSource {
  name: string;
  /** `agent.yaml:12: sources.walk`, for problems that are found when it is opened. */
  where?: string;
  kind: SourceKind;
  /** The configured options, parsed by `kind.options`. */
  options: unknown;
  isActive: boolean;
  /** `null` follows the device's interval. */
  everyMs: number | null;
  delivery: KindSettings;
  rule: DeadbandRule;
}

/** What a device measures without an agent.yaml, or with one that names no sources. */
export const DEFAULT_SOURCES: Readonly<Record<string, SourceEntry>> = {
  drive: { source: "space_usage", mount: "/" },
  walk: { source: "random_walk", deadband: { kind: "absolute", width: 0.8 } },
  machine: { source: "system" },
  scatter: { source: "random_scatter", active: false },
};

export interface SourcesContext {
  kinds: readonly SourceKind[];
  /** For sources without their own delivery. */
  delivery: KindSettings;
  /** Where a path of agent.yaml is: file, line and path. */
  whereIs: (path: Path) => string;
}

/** The valid sources, and the problems of the others. */
export function readSources(
  entries: Readonly<Record<string, SourceEntry>>,
  context: SourcesContext,
): { sources: ConfiguredSource[]; problems: Problem[] } {
  const read = Object.entries(entries).map(([name, entry]) => readSource(name, entry, context));
  return {
    sources: read.flatMap(({ source }) => source ?? []),
    problems: read.flatMap(({ problems }) => problems),
  };
}

function readSource(
  name: string,
  entry: SourceEntry,
  { kinds, delivery, whereIs }: SourcesContext,
): { source: ConfiguredSource | null; problems: Problem[] } {
  const path = ["sources", name];
  const kind = kinds.find((one) => one.name === entry.source);
  if (kind === undefined) {
    const names = kinds.map((one) => one.name);
    const words = `there is no such kind of source${didYouMean(entry.source, names)} (there are ${names.join(", ")})`;
    const place = [...path, "source"];
    return { source: null, problems: [{ path: place, words, of: [place, ["sourceFolder"]] }] };
  }
  const { options, problems } = readOptions(entry, kind, path);
  if (problems.length > 0) return { source: null, problems };
  const source: ConfiguredSource = {
    name,
    where: whereIs(path),
    kind,
    options,
    isActive: entry.active ?? true,
    everyMs: entry.every ?? null,
    delivery: entry.delivery ?? delivery,
    rule: {
      deadband: entry.deadband ?? null,
      maxSilenceMs: entry.maxSilence ?? MAX_SILENCE_MS,
    },
  };
  return { source, problems: [] };
}

const { example } = agentFileFormat;
/** The keys of every source; the other keys of an entry are options of its kind. */
const COMMON_KEYS: readonly string[] = Object.keys(sourceEntry.shape);

function readOptions(
  entry: SourceEntry,
  kind: SourceKind,
  path: readonly string[],
): { options: unknown; problems: Problem[] } {
  const { properties, additionalProperties: others } = jsonSchemaOf(kind.options);
  const keys = Object.keys(properties ?? {});
  const isOpen = properties === undefined || typeof others === "object" || others === true;
  const taken = keys.filter((key) => COMMON_KEYS.includes(key));
  if (taken.length > 0) {
    const words = `this kind has an option ${taken.join(", ")}, which every source has; rename the option`;
    return { options: null, problems: [{ path: [...path, "source"], words }] };
  }
  const given = Object.entries(entry).filter(([key]) => !COMMON_KEYS.includes(key));
  const isKnown = (key: string): boolean => isOpen || keys.includes(key);
  const unknown = given
    .filter(([key]) => !isKnown(key))
    .map(([key]) => ({
      path: [...path, key],
      words: wordsForUnknownKey(key, [...COMMON_KEYS, ...keys], example),
    }));
  const known = Object.fromEntries(given.filter(([key]) => isKnown(key)));
  const checked = checkContent(known, { schema: kind.options, example }, path);
  return { options: checked.content, problems: [...unknown, ...checked.problems] };
}

/**
 * Activates the sources that DEVICE_SOURCES names, and no others. A name is that of a configured source or
 * of a kind, which means all sources of that kind; a kind that is not configured gets its default options.
 *
 * @param list names, separated by commas.
 */
export function chooseSources(
  configured: readonly ConfiguredSource[],
  list: string,
  context: SourcesContext,
): { sources: ConfiguredSource[]; problems: Problem[] } {
  const names = list.split(",").map((name) => name.trim());
  const chosen = [...new Set(names)]
    .filter((name) => name !== "")
    .map((name) => choose(configured, name, context));
  const active = new Set(chosen.flatMap((choice) => (typeof choice === "string" ? [] : choice)));
  const added = [...active].filter((source) => !configured.includes(source));
  return {
    sources: [...configured, ...added].map((source) => ({
      ...source,
      isActive: active.has(source),
    })),
    problems: chosen
      .filter((choice) => typeof choice === "string")
      .map((words) => ({
        path: ["DEVICE_SOURCES"],
        words,
        of: [["sources"], ["sourceFolder"]],
      })),
  };
}

/** The sources of a name, or what is wrong with the name. */
function choose(
  configured: readonly ConfiguredSource[],
  name: string,
  context: SourcesContext,
): readonly ConfiguredSource[] | string {
  const named = configured.filter((source) => source.name === name);
  if (named.length > 0) return named;
  const ofKind = configured.filter(({ kind }) => kind.name === name);
  if (ofKind.length > 0) return ofKind;
  if (!context.kinds.some((kind) => kind.name === name)) {
    const names = new Set([...configured, ...context.kinds].map((one) => one.name));
    return `${JSON.stringify(name)} is neither a source of this device nor a kind of source${didYouMean(name, [...names])} (there are ${[...names].join(", ")})`;
  }
  const { source, problems } = readSource(name, { source: name }, context);
  if (source !== null) return [source];
  const missing = problems.map(({ path, words }) => `${path.slice(2).join(".")}: ${words}`);
  return `${name} needs options (${missing.join("; ")}); describe a source of this kind in agent.yaml, and name that`;
}
