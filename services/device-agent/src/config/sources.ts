import type { KindSettings } from "@weir/delivery";
import {
  checkContent,
  didYouMean,
  jsonSchemaOf,
  type Path,
  type Problem,
  wordsForUnknownKey,
} from "@weir/runtime";
import type { SourceKind } from "../sources/source.ts";
import { agentFileFormat, type SourceEntry, sourceEntry } from "./agent-file.ts";
import type { ConfiguredSource } from "./device-config.ts";
import { deadbandRule, kindSettings } from "./report-entry.ts";

const { example } = agentFileFormat;
/** The keys of every source; what else an entry has are options of its kind. */
const COMMON_KEYS: readonly string[] = Object.keys(sourceEntry.shape);

export interface SourcesContext {
  kinds: readonly SourceKind[];
  /** Of the sources that have none of their own. */
  delivery: KindSettings;
  /** Where a path of agent.yaml is: file, line and path. */
  whereIs: (path: Path) => string;
}

/** Those sources that are sound, and what is wrong with the others. */
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

/** A source out of its entry, with the options as its kind has read them. */
function readSource(
  name: string,
  entry: SourceEntry,
  { kinds, delivery, whereIs }: SourcesContext,
): { source: ConfiguredSource | null; problems: Problem[] } {
  const path = ["sources", name];
  const kind = kinds.find((one) => one.name === entry.source);
  if (kind === undefined) {
    const words = wordsForUnknownKind(entry.source, kinds);
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
    delivery: entry.delivery === undefined ? delivery : kindSettings(entry.delivery),
    rule: deadbandRule(entry),
  };
  return { source, problems: [] };
}

function wordsForUnknownKind(name: string, kinds: readonly SourceKind[]): string {
  const names = kinds.map((kind) => kind.name);
  return `there is no such kind of source${didYouMean(name, names)} (there are ${names.join(", ")})`;
}

function readOptions(
  entry: SourceEntry,
  kind: SourceKind,
  path: readonly string[],
): { options: unknown; problems: Problem[] } {
  const { keys, isOpen } = optionsOf(kind);
  const taken = keys.filter((key) => COMMON_KEYS.includes(key));
  if (taken.length > 0) {
    const words = `this kind calls an option ${taken.join(", ")}, which every source has; call it otherwise`;
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

/** The options of a kind, as far as its schema tells them. */
function optionsOf({ options }: SourceKind): { keys: string[]; isOpen: boolean } {
  const { properties, additionalProperties: others } = jsonSchemaOf(options);
  return {
    keys: Object.keys(properties ?? {}),
    isOpen: properties === undefined || typeof others === "object" || others === true,
  };
}

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

/** What a device measures without an agent.yaml, or with one that names no sources. */
export const DEFAULT_SOURCES: Readonly<Record<string, SourceEntry>> = {
  drive: { source: "space_usage", mount: "/" },
  walk: { source: "random_walk", deadband: { absolute: 0.8 }, maxSilence: 300_000 },
  machine: { source: "system" },
  scatter: { source: "random_scatter", active: false },
};
