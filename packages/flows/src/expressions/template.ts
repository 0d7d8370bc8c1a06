import { errorMessage } from "@weir/runtime";
import Mustache from "mustache";
import { jsonOf } from "./json.ts";

const TEMPLATE_LENGTH_MAX = 20_000;
/** The longest text that a template gives, where it is not said. */
const TEXT_LENGTH_MAX = 65_536;
/** Parts that one rendering writes at most: sections repeat theirs. */
const PARTS_MAX = 10_000;
const UNKNOWN_MAX = 20;
/** Digits of a number with decimals: what is behind them is noise of its binary form. */
const DIGITS = 14;

export interface TemplateOptions {
  /** For a place where a line break would begin something else, as in a header. Default: `false`. */
  isOneLine?: boolean;
  lengthMax?: number;
}

interface Rendered {
  text: string;
  /** Names that the data does not have; at most 20. Their place stays empty. */
  unknown: readonly string[];
  /** The text was too long, and ends early. */
  isCut: boolean;
}

/** A text with names in double braces, as Mustache has them. The text is plain: nothing is escaped, and data is never run. */
export class Template {
  readonly #parts: readonly Part[];
  readonly #isOneLine: boolean;
  readonly #lengthMax: number;

  /** @throws Error saying what is wrong with the template, and the remedy. */
  constructor(
    source: string,
    { isOneLine = false, lengthMax = TEXT_LENGTH_MAX }: TemplateOptions = {},
  ) {
    if (source.length > TEMPLATE_LENGTH_MAX) {
      throw new Error(
        `a template has at most ${TEMPLATE_LENGTH_MAX} characters; this one has ${source.length}`,
      );
    }
    let tokens: readonly Token[];
    try {
      // A writer of its own keeps no list of every template that it ever saw. The types know only texts in a token.
      tokens = new Mustache.Writer().parse(source) as unknown as Token[];
    } catch (error) {
      throw new Error(
        `the template ${JSON.stringify(shortened(source))} is not valid: ${errorMessage(error)}`,
      );
    }
    this.#parts = partsOf(tokens);
    this.#isOneLine = isOneLine;
    this.#lengthMax = lengthMax;
  }

  /** The names that it looks for in the data itself; what stands in a section may be of that. */
  get names(): readonly string[] {
    return namesIn(this.#parts);
  }

  render(data: Readonly<Record<string, unknown>>): Rendered {
    const rendering = new Rendering(this.#lengthMax);
    rendering.write(this.#parts, [data]);
    const { text, isCut } = rendering;
    const unknown = [...rendering.unknown];
    return { text: this.#isOneLine ? oneLine(text) : text, unknown, isCut };
  }
}

type Token = [kind: string, value: string, from: number, to: number, inner?: Token[]];

type Part =
  | { kind: "text"; text: string }
  | { kind: "value"; name: string; path: readonly string[] }
  | { kind: "section" | "inverted"; path: readonly string[]; inner: readonly Part[] };

function partsOf(tokens: readonly Token[]): Part[] {
  const parts: Part[] = [];
  for (const [kind, value, , , inner = []] of tokens) {
    const path = value === "." ? [] : value.split(".");
    switch (kind) {
      case "text":
        parts.push({ kind, text: value });
        break;
      case "name":
      case "&":
        parts.push({ kind: "value", name: value, path });
        break;
      case "#":
      case "^":
        parts.push({ kind: kind === "#" ? "section" : "inverted", path, inner: partsOf(inner) });
        break;
      case ">":
        throw new Error(`{{> ${value}}} is not possible: a template takes in no other one`);
    }
  }
  return parts;
}

function namesIn(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => {
    if (part.kind === "text") return [];
    const inner = part.kind === "inverted" ? namesIn(part.inner) : [];
    return [...part.path.slice(0, 1), ...inner];
  });
}

class Rendering {
  text = "";
  isCut = false;
  readonly unknown = new Set<string>();
  readonly #lengthMax: number;
  #parts = 0;

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  /** @param scopes the data, and the values of the sections around, the innermost last. */
  write(parts: readonly Part[], scopes: readonly unknown[]): void {
    for (const part of parts) {
      this.#parts += 1;
      if (this.isCut || this.#parts > PARTS_MAX) {
        this.isCut = true;
        return;
      }
      if (part.kind === "text") {
        this.#add(part.text);
        continue;
      }
      const value = lookUp(part.path, scopes);
      if (part.kind === "value") {
        if (value === undefined && this.unknown.size < UNKNOWN_MAX) this.unknown.add(part.name);
        this.#add(shown(value));
      } else {
        this.#writeSection(part, value, scopes);
      }
    }
  }

  #writeSection(
    { kind, inner }: Part & { kind: "section" | "inverted" },
    value: unknown,
    scopes: readonly unknown[],
  ): void {
    const isEmpty = Array.isArray(value) ? value.length === 0 : !value;
    if (isEmpty !== (kind === "inverted")) return;
    // What is empty adds no scope.
    const inside = isEmpty
      ? [scopes]
      : [value]
          .flat()
          .slice(0, PARTS_MAX)
          .map((one) => [...scopes, one]);
    for (const some of inside) {
      if (this.isCut) return;
      this.write(inner, some);
    }
  }

  #add(text: string): void {
    const room = this.#lengthMax - this.text.length;
    if (text.length > room) this.isCut = true;
    this.text += text.length > room ? text.slice(0, room) : text;
  }
}

/** The first name is looked for in each scope from the innermost on. @returns `undefined` where there is none. */
function lookUp(path: readonly string[], scopes: readonly unknown[]): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return scopes.at(-1);
  const scope = scopes.findLast((one) => ownValue(one, first) !== undefined);
  let value = ownValue(scope, first);
  for (const name of rest) value = ownValue(value, name);
  return value;
}

/** What a value has under a name; a number, which may be a time, has `utc`. */
export function ownValue(of: unknown, name: string): unknown {
  if (typeof of === "number" && name === "utc") return utcOf(of);
  if (typeof of !== "object" || of === null || !Object.hasOwn(of, name)) return undefined;
  return (of as Readonly<Record<string, unknown>>)[name];
}

/** A time in milliseconds since the epoch, for people; `undefined` where the number is none. */
export function utcOf(atMs: number): string | undefined {
  const at = new Date(atMs);
  if (Number.isNaN(at.getTime())) return undefined;
  return `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** A value as a person would write it. */
function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
      return String(Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS)));
    case "boolean":
      return String(value);
    case "object":
      return value === null ? "" : (jsonOf(value) ?? "(nested too deeply)");
    default:
      return "";
  }
}

/** Without line breaks and other control characters. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
