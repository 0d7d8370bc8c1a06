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
  /** Those that are found are added to it. */
  problems: Problem[];
}

/** The valid sources. */
export function readSources(
  entries: Readonly<Record<string, SourceEntry>>,
  context: SourcesContext,
): ConfiguredSource[] {
  return Object.entries(entries).flatMap(([name, entry]) => readSource(name, entry, context));
}

/** @returns an empty list for an invalid source. */
function readSource(
  name: string,
  entry: SourceEntry,
  { kinds, delivery, whereIs, problems }: SourcesContext,
): ConfiguredSource[] {
  const path = ["sources", name];
  const kind = kinds.find((one) => one.name === entry.source);
  if (kind === undefined) {
    const names = kinds.map((one) => one.name);
    const words = `there is no such kind of source${didYouMean(entry.source, names)} (there are ${names.join(", ")})`;
    const place = [...path, "source"];
    problems.push({ path: place, words, of: [place, ["sourceFolder"]] });
    return [];
  }
  const { options, problems: found } = readOptions(entry, kind, path);
  problems.push(...found);
  if (found.length > 0) return [];
  const { active = true, every = null, deadband = null, maxSilence = MAX_SILENCE_MS } = entry;
  return [
    {
      name,
      where: whereIs(path),
      kind,
      options,
      isActive: active,
      everyMs: every,
      delivery: entry.delivery ?? delivery,
      rule: { deadband, maxSilenceMs: maxSilence },
    },
  ];
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
): ConfiguredSource[] {
  const names = new Set(list.split(",").map((name) => name.trim()));
  names.delete("");
  const active = new Set([...names].flatMap((name) => choose(configured, name, context)));
  return [...new Set([...configured, ...active])].map((source) => ({
    ...source,
    isActive: active.has(source),
  }));
}

/** The sources of a name. */
function choose(
  configured: readonly ConfiguredSource[],
  name: string,
  context: SourcesContext,
): readonly ConfiguredSource[] {
  const { kinds, problems } = context;
  const named = configured.filter((source) => source.name === name);
  if (named.length > 0) return named;
  const ofKind = configured.filter(({ kind }) => kind.name === name);
  if (ofKind.length > 0) return ofKind;

  const report = (words: string): void => {
    problems.push({ path: ["DEVICE_SOURCES"], words, of: [["sources"], ["sourceFolder"]] });
  };
  if (!kinds.some((kind) => kind.name === name)) {
    const known = [...new Set([...configured, ...kinds].map((one) => one.name))];
    report(
      `${JSON.stringify(name)} is neither a source of this device nor a kind of source${didYouMean(name, known)} (there are ${known.join(", ")})`,
    );
    return [];
  }
  const found: Problem[] = [];
  const added = readSource(name, { source: name }, { ...context, problems: found });
  if (found.length > 0) {
    const missing = found.map(({ path, words }) => `${path.slice(2).join(".")}: ${words}`);
    report(
      `${name} needs options (${missing.join("; ")}); describe a source of this kind in agent.yaml, and name that`,
    );
  }
  return added;
}
