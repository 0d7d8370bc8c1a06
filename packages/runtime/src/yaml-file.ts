import { isUtf8 } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
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
import { ConfigurationFault, errorCode, errorMessage, readingProblem } from "./fault.ts";
import { type Path, type Problem, shownLines, shownValue } from "./problems.ts";

const FILE_BYTES_MAX = 1024 * 1024;
const ALIASES_MAX = 100;

/**
 * Reads a file; one that does not exist is read as an empty one.
 *
 * @throws ConfigurationFault when it cannot be read, or is not valid YAML.
 */
export function readYamlFile(file: string) {
  const text = readTextFile(file);
  return { exists: text !== null, ...parseYaml(text ?? "", file) };
}

/**
 * Reads the text of a file.
 *
 * @param file its name, for messages.
 * @throws ConfigurationFault when it is not valid YAML.
 */
export function parseYaml(text: string, file: string) {
  const lines = new LineCounter();
  // The library's own check for duplicate keys is quadratic: a minute for 100,000 of them.
  const options = {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: "error",
  } as const;
  const document = parseDocument(text, options);
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  // Further errors mostly follow from the first one.
  const broken = document.errors.slice(0, 1);
  const found = [...broken, ...document.warnings, ...wrongKeys(document)];
  const mistakes = found.map(({ code, message, pos }) => {
    return `${file}:${lineAt(pos[0])}: ${wordsFor(code, message)}`;
  });
  if (mistakes.length > 0) throw new ConfigurationFault(shownLines(mistakes));
  const content = contentOf(document, file);
  const offsetAt = prepareOffsetAt(document);

  const whereIs = (path: Path): string => {
    const offset = offsetAt(path);
    if (offset === null) return path.join(".");
    return path.length === 0 ? file : `${file}:${lineAt(offset)}: ${path.join(".")}`;
  };

  return {
    content,
    /** File, line and path in one line. */
    whereIs,
    /** The line of a place; `null` where it is not in the file. */
    lineOf: (path: Path): number | null => {
      const offset = offsetAt(path);
      return offset === null ? null : lineAt(offset);
    },
    /** A line for each problem, in the order of the file; what is not in the file comes first. */
    describe: (problems: readonly Problem[]): readonly string[] => {
      const inOrder = problems
        .map(({ path, words }) => ({ path, words, offset: offsetAt(path) ?? -1 }))
        .sort((one, other) => one.offset - other.offset);
      return shownLines(
        inOrder.map(({ path, words }) => `${whereIs(path)}${shownValue(content, path)}: ${words}`),
      );
    },
  };
}

/**
 * Reads a file of text, at most 1 MiB.
 *
 * @returns `null` where there is none.
 * @throws ConfigurationFault when it cannot be read.
 */
export function readTextFile(file: string): string | null {
  try {
    const stats = statSync(file);
    // Reading a pipe blocks until a process writes to it, and a device may have no end.
    if (!stats.isFile()) throw new Error("it is not a file; name one");
    if (stats.size > FILE_BYTES_MAX) {
      throw new Error(`it is larger than ${FILE_BYTES_MAX} bytes; make it smaller`);
    }
    const bytes = readFileSync(file);
    // Decoded all the same, a filter would silently match nothing.
    if (!isUtf8(bytes)) throw new Error("it is not UTF-8; save it as UTF-8");
    return textOf(bytes);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw new ConfigurationFault([
      `${file}: it cannot be read: ${readingProblem(error, dirname(file))}`,
    ]);
  }
}

/** Keys that occur twice, and the one that validation skips in silence because every object has it. */
function wrongKeys(document: Document): { code: string; message: string; pos: [number] }[] {
  const found: ReturnType<typeof wrongKeys> = [];
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const pos: [number] = [offsetOf(key) ?? 0];
        if (seen.has(key.value))
          found.push({ code: "", message: `${key.value} is here a second time; rename one`, pos });
        else if (key.value === "__proto__") {
          found.push({ code: "", message: "__proto__ is not allowed as a name", pos });
        }
        seen.add(key.value);
      }
    },
  });
  return found;
}

/** What the YAML library says, with what to do about it. */
function wordsFor(code: string, message: string): string {
  if (code === "MULTIPLE_DOCS") return "a second document begins here (---); there is one";
  const remedy = REMEDIES[code];
  return remedy === undefined ? message : `${message}: ${remedy}`;
}

const REMEDIES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "use spaces",
  BAD_INDENT:
    "see whether a line is indented too far or too little, or a closing bracket is missing",
  BLOCK_AS_IMPLICIT_KEY: 'indent this line as the ones beside it; quote a text that has ": " in it',
  MULTILINE_IMPLICIT_KEY: "see whether this line has its colon, and is indented as those beside it",
  UNEXPECTED_TOKEN: 'quote a text that begins with a bracket or a special character: "{{value}}"',
};

function contentOf(document: Document, file: string): unknown {
  try {
    // A few lines of nested aliases can expand to more than any memory holds.
    return document.toJS({ maxAliasCount: ALIASES_MAX }) ?? {};
  } catch (error) {
    throw new ConfigurationFault([`${file}: ${errorMessage(error)}`]);
  }
}

/**
 * Finds the offset of the last key of a path, or of the longest part of it that exists. `null` for a path
 * that is not in the file at all: its value comes from the defaults or the environment.
 */
function prepareOffsetAt(document: Document): (path: Path) => number | null {
  // A file may have thousands of keys, and a problem with each.
  const keysOf = new Map<YAMLMap, Map<string, Pair>>();

  function pairOf(node: YAMLMap, step: string): Pair | undefined {
    let keys = keysOf.get(node);
    if (keys === undefined) {
      keys = new Map();
      // A key may be a number in YAML; paths have it as text.
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
