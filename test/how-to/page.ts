import { readFileSync } from "node:fs";

/** A block of code of a page: what a reader types, a file that he writes, or what he then sees. */
export interface Block {
  /** The heading above it, without `#`. */
  section: string;
  /** Where it begins, from 1 on. */
  line: number;
  kind: "commands" | "python" | "file" | "output" | "unknown";
  text: string;
  /** The path of a file, as the sentence before the block has it. */
  file: string | null;
}

const FENCE = /^( *)```(\w*)\s*$/;
const HEADING = /^#+ (.*)$/;
/** A sentence that ends with a file's name in backticks, and a colon. */
const NAMES_FILE = /`([\w./~-]*[./][\w./-]+)`:$/;

/** The blocks of a page, in its order. */
export function readBlocks(file: string): Block[] {
  const blocks: Block[] = [];
  const lines = readFileSync(file, "utf8").split("\n");
  let section = "";
  let sentence = "";
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const [, indent, language] = FENCE.exec(line) ?? [];
    if (indent === undefined || language === undefined) {
      section = HEADING.exec(line)?.[1] ?? section;
      if (line.trim() !== "") sentence = line.trim();
      continue;
    }
    const end = lines.findIndex((other, index) => index > at && other === `${indent}\`\`\``);
    if (end === -1) throw new Error(`${file}:${at + 1}: this block has no end`);
    const text = lines
      .slice(at + 1, end)
      .map((other) => other.slice(indent.length))
      .join("\n");
    const named = NAMES_FILE.exec(sentence)?.[1] ?? null;
    const kind = kindOf(language, named, blocks.at(-1), section);
    blocks.push({ section, line: at + 1, kind, text, file: kind === "file" ? named : null });
    at = end;
    sentence = "";
  }
  return blocks;
}

/** Languages of what a program prints. */
const PRINTED = ["", "text", "json", "csv"];

function kindOf(
  language: string,
  file: string | null,
  before: Block | undefined,
  section: string,
): Block["kind"] {
  if (language === "sh") return "commands";
  if (language === "python") return "python";
  if (file !== null) return "file";
  const isBehindCommand =
    before?.section === section && ["commands", "python"].includes(before.kind);
  return isBehindCommand && PRINTED.includes(language) ? "output" : "unknown";
}

/**
 * The first line that a page shows and a program has not printed in its turn. Numbers may be others, `…` stands for
 * any text, and spaces count as one.
 *
 * @returns `null` where all were printed.
 */
export function firstMissing(shown: string, printed: string): string | null {
  const lines = printed.split("\n").map(normalized);
  let from = 0;
  for (const line of shown.split("\n").map(normalized)) {
    if (line === "") continue;
    const pattern = new RegExp(`^${line.split(/ ?… ?/).map(patternOf).join(".*")}$`);
    const at = lines.findIndex((other, index) => index >= from && pattern.test(other));
    if (at === -1) return line;
    from = at + 1;
  }
  return null;
}

function normalized(line: string): string {
  return line.trim().replaceAll(/\s+/g, " ");
}

const NUMBER = /-?\d+(?:\.\d+)?/;

function patternOf(text: string): string {
  const between = text.split(NUMBER).map((part) => RegExp.escape(part));
  return between.join(NUMBER.source);
}
