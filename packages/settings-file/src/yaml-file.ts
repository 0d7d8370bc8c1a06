import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { ConfigurationFault } from "@weir/config";
import { errorCode, errorMessage } from "@weir/fault";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from "yaml";
import type { Path, Problem } from "./problem.ts";
import { shownValue } from "./shown-value.ts";

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
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const mistakes = [...document.errors, ...document.warnings, ...reservedKeys(document)].map(
    (mistake) => `${file}:${lineAt(mistake.pos[0])}: ${wordsFor(mistake)}`,
  );
  if (mistakes.length > 0) throw new ConfigurationFault(mistakes);
  const content = contentOf(document, file);

  const whereIs = (path: Path): string => {
    const offset = offsetAt(document, path);
    if (offset === null) return path.join(".");
    return path.length === 0 ? file : `${file}:${lineAt(offset)}: ${path.join(".")}`;
  };

  return {
    content,
    describe: ({ path, words }) => `${whereIs(path)}${shownValue(content, path)}: ${words}`,
    whereIs,
    positionOf: (path) => offsetAt(document, path) ?? -1,
  };
}

function readText(file: string): string | null {
  const bytes = readBytes(file);
  if (bytes === null) return null;
  if (bytes.length > FILE_BYTES_MAX) {
    throw new ConfigurationFault([`${file}: it is larger than ${FILE_BYTES_MAX} bytes`]);
  }
  // Read as something else, a filter would silently match nothing.
  if (!isUtf8(bytes)) throw new ConfigurationFault([`${file}: it is not UTF-8; save it as that`]);
  return bytes.toString("utf8");
}

function readBytes(file: string): Buffer | null {
  try {
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

/** Validation passes this key over in silence, since objects have it of their own. */
function reservedKeys(document: Document): Mistake[] {
  const found: Mistake[] = [];
  visit(document, {
    Pair: (_, { key }) => {
      if (!isScalar(key) || key.value !== "__proto__") return;
      found.push({ code: "", message: "__proto__ is no name", pos: [offsetOf(key) ?? 0] });
    },
  });
  return found;
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
 * Where the last key of a path is, or of as much of it as there is. `null` where it is not in the file, not
 * even in part: it comes from elsewhere, the defaults or the environment.
 */
function offsetAt(document: Document, path: Path): number | null {
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
}

function stepInto(node: unknown, step: string): { node: unknown; offset: number | null } | null {
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? null : { node: item, offset: offsetOf(item) };
  }
  if (!isMap(node)) return null;
  // A key may be a number in YAML, and is text for us.
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
  return pair === undefined ? null : { node: pair.value, offset: offsetOf(pair.key) };
}

function offsetOf(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}
