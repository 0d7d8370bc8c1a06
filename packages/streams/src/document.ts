import { readFileSync, statSync } from "node:fs";
import { errorCode, errorMessage } from "@weir/fault";
import { type Document, LineCounter, parseDocument } from "yaml";
import { NAME_RULE, type WeirFile, weirFile } from "./schema.ts";

/** A weir.yaml that was read. */
export interface ReadWeirFile {
  content: WeirFile;
  /** Every problem, with its path and line. */
  problems: string[];
}

const FILE_BYTES_MAX = 1024 * 1024;
const ALIASES_MAX = 100;

/** @returns `null` when there is no such file. */
export function readWeirFile(file: string): ReadWeirFile | null {
  try {
    if (statSync(file).size > FILE_BYTES_MAX) {
      return { content: {}, problems: [`${file}: it is larger than ${FILE_BYTES_MAX} bytes`] };
    }
    return parseWeirFile(file, readFileSync(file, "utf8"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    return { content: {}, problems: [`${file}: it cannot be read: ${errorMessage(error)}`] };
  }
}

function parseWeirFile(file: string, text: string): ReadWeirFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(
      ({ message, pos: [start] }) => `${file}:${lines.linePos(start).line}: ${message}`,
    );
    return { content: {}, problems };
  }
  const content = contentOf(document);
  if (content instanceof Error) return { content: {}, problems: [`${file}: ${content.message}`] };
  const parsed = weirFile.safeParse(content ?? {});
  if (parsed.success) return { content: parsed.data, problems: [] };
  const problems = parsed.error.issues.flatMap((issue) =>
    pathsOf(issue).map((path) => {
      const line = lineOf(document, lines, path);
      const given = valueAt(content, path);
      return `${file}${line}: ${path.join(".")}${given}: ${wordsFor({ ...issue, key: path.at(-1) ?? "" })}`;
    }),
  );
  return { content: {}, problems };
}

function contentOf(document: Document): unknown {
  try {
    // A few lines of aliases of aliases can stand for more than any memory holds.
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

interface Issue {
  code: string;
  path: PropertyKey[];
  message: string;
  keys?: string[];
}

function pathsOf({ path, keys }: Issue): string[][] {
  const texts = path.map(String);
  return keys === undefined ? [texts] : keys.map((key) => [...texts, key]);
}

function wordsFor({ code, message, key }: Issue & { key: string }): string {
  if (code === "invalid_key") return NAME_RULE;
  if (code !== "unrecognized_keys") return message;
  if (key === "password") return "secrets do not stand here; use passwordFile or passwordVariable";
  return "there is no such key; config/weir.example.yaml has them all";
}

function lineOf(document: Document, lines: LineCounter, path: readonly string[]): string {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    const start = rangeStart(node);
    if (start !== null) return `:${lines.linePos(start).line}`;
  }
  return "";
}

function rangeStart(node: unknown): number | null {
  if (typeof node !== "object" || node === null || !("range" in node)) return null;
  return Array.isArray(node.range) ? (node.range[0] as number) : null;
}

const SHOWN_CHARACTERS_MAX = 80;

function valueAt(content: unknown, path: readonly string[]): string {
  let value = content;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return "";
    value = (value as Record<string, unknown>)[key];
  }
  // Whoever writes a password here by mistake must not find it in the log as well.
  if (path.at(-1)?.toLowerCase().includes("password")) return "";
  return typeof value === "object"
    ? ""
    : ` ${JSON.stringify(value).slice(0, SHOWN_CHARACTERS_MAX)}`;
}
