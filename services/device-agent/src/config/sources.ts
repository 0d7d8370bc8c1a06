import type { KindSettings } from "@weir/delivery";
import {
  checkContent,
  didYouMean,
  millisecondsOf,
  type Path,
  type Problem,
  shapeOf,
  wordsForUnknownKey,
} from "@weir/settings-file";
import type { SourceKind } from "../sources/source.ts";
import { agentFileFormat, type SourceEntry, sourceEntry } from "./agent-file.ts";
import type { ConfiguredSource } from "./configured-device.ts";
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
export function readSource(
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
    everyMs: entry.every === undefined ? null : millisecondsOf(entry.every),
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
  const { properties, additionalProperties: others } = shapeOf(options);
  return {
    keys: Object.keys(properties ?? {}),
    isOpen: properties === undefined || typeof others === "object" || others === true,
  };
}
