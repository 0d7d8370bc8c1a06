import { isUtf8 } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { textOf } from "@weir/protocol";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import { ConfigurationFault } from "./environment.ts";
import { errorCode, errorMessage } from "./fault.ts";
import { type Path, type Problem, shownValue } from "./problems.ts";

/** A YAML file, and where in it what stands. */
export interface YamlFile {
  content: unknown;
  /** A problem in one line: file, line, path, value, words. */
  describe(problem: Problem): string;
  /** File, line and path in one line. */
  whereIs(path: Path): string;
  /** What problems are sorted by: their order in the file, and before it what comes from elsewhere. */
  positionOf(path: Path): number;
}

const FILE_BYTES_MAX = 1024 * 1024;
const ALIASES_MAX = 100;

/**
 * @returns `null` when there is no such file.
 * @throws ConfigurationFault when it cannot be read, or is no YAML.
 */
export function readYamlFile(file: string): YamlFile | null {
  const text = readText(file);
  if (text === null) return null;
  const lines = new LineCounter();
  // Its own look for keys that are there twice compares each with each: a minute for 100,000 of them.
  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false };
  const document = parseDocument(text, options);
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const mistakes = [...document.errors, ...document.warnings, ...wrongKeys(document)].map(
    (mistake) => `${file}:${lineAt(mistake.pos[0])}: ${wordsFor(mistake)}`,
  );
  const fault = faultOf(mistakes);
  if (fault !== null) throw fault;
  const content = contentOf(document, file);
  const offsetAt = prepareOffsetAt(document);

  const whereIs = (path: Path): string => {
    const offset = offsetAt(path);
    if (offset === null) return path.join(".");
    return path.length === 0 ? file : `${file}:${lineAt(offset)}: ${path.join(".")}`;
  };

  return {
    content,
    describe: ({ path, words }) => `${whereIs(path)}${shownValue(content, path)}: ${words}`,
    whereIs,
    positionOf: (path) => offsetAt(path) ?? -1,
  };
}

const PROBLEMS_SHOWN_MAX = 100;

/** All problems of a file in one, or the first hundred; `null` where there is none. */
export function faultOf(lines: readonly string[]): ConfigurationFault | null {
  if (lines.length === 0) return null;
  const shown = lines.slice(0, PROBLEMS_SHOWN_MAX);
  const more = lines.length - shown.length;
  return new ConfigurationFault(more > 0 ? [...shown, `… and ${more} more`] : shown);
}

function readText(file: string): string | null {
  const bytes = readBytes(file);
  if (bytes === null) return null;
  // Read as something else, a filter would silently match nothing.
  if (!isUtf8(bytes)) throw new ConfigurationFault([`${file}: it is not UTF-8; save it as that`]);
  return textOf(bytes);
}

function readBytes(file: string): Buffer | null {
  try {
    const stats = statSync(file);
    // Who reads a pipe waits for who writes to it, and a device may have no end.
    if (!stats.isFile()) throw new Error("it is no file; name one");
    if (stats.size > FILE_BYTES_MAX) {
      throw new Error(`it is larger than ${FILE_BYTES_MAX} bytes; make it smaller`);
    }
    return readFileSync(file);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw new ConfigurationFault([`${file}: it cannot be read: ${errorMessage(error)}`]);
  }
}

interface Mistake {
  code: string;
  message: string;
  pos: readonly [number, ...number[]];
}

function wrongKeys(document: Document): Mistake[] {
  const found: Mistake[] = [];
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const words = seen.has(key.value) ? "Map keys must be unique" : reserved(key.value);
        if (words !== null) found.push({ code: "", message: words, pos: [offsetOf(key) ?? 0] });
        seen.add(key.value);
      }
    },
  });
  return found;
}

/** Validation passes this key over in silence, since objects have it of their own. */
function reserved(key: unknown): string | null {
  return key === "__proto__" ? "__proto__ is no name" : null;
}

function wordsFor({ code, message }: Mistake): string {
  return code === "MULTIPLE_DOCS" ? "a second document begins here (---); there is one" : message;
}

function contentOf(document: Document, file: string): unknown {
  try {
    // A few lines of aliases of aliases can stand for more than any memory holds.
    return document.toJS({ maxAliasCount: ALIASES_MAX }) ?? {};
  } catch (error) {
    throw new ConfigurationFault([`${file}: ${errorMessage(error)}`]);
  }
}

/**
 * Tells where the last key of a path is, or of as much of it as there is. `null` where it is not in the
 * file, not even in part: it comes from elsewhere, the defaults or the environment.
 */
function prepareOffsetAt(document: Document): (path: Path) => number | null {
  // A file may have thousands of keys, and something wrong with each.
  const keysOf = new Map<YAMLMap, Map<string, Pair>>();

  function pairOf(node: YAMLMap, step: string): Pair | undefined {
    let keys = keysOf.get(node);
    if (keys === undefined) {
      keys = new Map();
      // A key may be a number in YAML, and is text for us.
      for (const pair of node.items) if (isScalar(pair.key)) keys.set(String(pair.key.value), pair);
      keysOf.set(node, keys);
    }
    return keys.get(step);
  }

  function stepInto(node: unknown, step: string): { node: unknown; offset: number | null } | null {
    if (isSeq(node)) {
      const item = node.items[Number(step)];
      return item === undefined ? null : { node: item, offset: offsetOf(item) };
    }
    const pair = isMap(node) ? pairOf(node, step) : undefined;
    return pair === undefined ? null : { node: pair.value, offset: offsetOf(pair.key) };
  }

  return (path) => {
    let node: unknown = document.contents;
    let offset: number | null = 0;
    for (const [depth, step] of path.entries()) {
      if (isAlias(node)) node = node.resolve(document);
      const next = stepInto(node, step);
      if (next === null) return depth < 2 ? null : offset;
      offset = next.offset;
      node = next.node;
    }
    return offset;
  };
}

function offsetOf(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}
