import { interpolate } from "./interpolation.ts";

/** What a file `.env` says. */
export interface EnvFile {
  values: Readonly<Record<string, string>>;
  /** The line of each key. */
  lines: ReadonlyMap<string, number>;
  /** The variables that values name. */
  used: ReadonlySet<string>;
  /** What Compose refuses, too: `3: TOPIC: …`. */
  problems: readonly string[];
  /** What is read otherwise than its author may think, in the same form. */
  warnings: readonly string[];
}

/** White space within a line. */
const BLANKS = "[\\t\\v\\f\\r \\x85\\xA0]*";
const BEFORE_STATEMENT = /(?:\p{White_Space}|#[^\n]*)*/uy;
const EXPORT = new RegExp(`(?:export(?=[\\t\\n\\f\\r ])${BLANKS})?`, "y");
const KEY = new RegExp(`([^=:\\n]*)(?:[=:]${BLANKS}|(\\n|$))`, "y");
const KEY_FORM = /^[\p{L}\p{N}_.\-[\]\t\v\f\r \x85\xA0]*$/u;
const QUOTED = /(['"])((?:\\.|(?!\1)[^\\])*)\1/sy;
const REST_OF_LINE = /[^\n]*/y;
const LINE_END = /\p{White_Space}+$/u;

/**
 * Reads the text of a file `.env` as Compose does (docs.docker.com/reference/compose-file/interpolation and
 * compose-go): `KEY=value` or `KEY: value`, single quotes for text as it is, double quotes with escapes, both over
 * several lines, ` #` before a comment, `$NAME`, `${NAME:-default}` and the like, `$$` for a dollar sign.
 *
 * @param environment the variables that win over earlier lines where a value names one.
 */
export function parseEnvFile(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): EnvFile {
  const values: Record<string, string> = {};
  const lines = new Map<string, number>();
  const used = new Set<string>();
  const problems: string[] = [];
  const warnings: string[] = [];
  let position = 0;
  let line = 1;

  function take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = position;
    const match = pattern.exec(text);
    for (const character of match?.[0] ?? "") if (character === "\n") line += 1;
    position += match?.[0].length ?? 0;
    return match;
  }

  /** The value that follows; `null` where there is none. */
  function takeValue(say: (list: string[], words: string) => void): string | null {
    const onUnset = (name: string) =>
      say(warnings, `$${name} is not set, so nothing is put there; write $$ for a dollar sign`);
    try {
      const quote = text.charAt(position);
      if (!/^['"]/.test(quote)) {
        const [value = ""] = take(REST_OF_LINE)?.[0].split(" #", 1) ?? [];
        return interpolate(value.replace(LINE_END, ""), lookup, onUnset);
      }
      const [, , inner] = take(QUOTED) ?? [];
      if (inner === undefined) {
        position = text.length;
        throw new Error(`the quote ${quote} is never closed; close it, or write \\${quote} in it`);
      }
      const written = withoutEscapedQuotes(inner, quote);
      return quote === "'" ? written : interpolate(unescaped(written), lookup, onUnset);
    } catch (error) {
      say(problems, (error as Error).message);
      return null;
    }
  }

  function lookup(name: string): string | undefined {
    used.add(name);
    return environment[name] ?? values[name];
  }

  for (take(BEFORE_STATEMENT); position < text.length; take(BEFORE_STATEMENT)) {
    take(EXPORT);
    const lineOfKey = line;
    const [, written = "", end] = take(KEY) ?? [];
    const key = written.replace(LINE_END, "");
    if (!KEY_FORM.test(written) || key.includes(" ")) {
      if (end === undefined) take(REST_OF_LINE);
      const shown = JSON.stringify(key);
      problems.push(
        `${lineOfKey}: ${shown} is no name of a variable; write NAME=value, or begin a comment with #`,
      );
    } else if (end === undefined) {
      const value = takeValue((list, words) => list.push(`${lineOfKey}: ${key}: ${words}`));
      if (key === "" || value === null) continue;
      values[key] = value;
      lines.set(key, lineOfKey);
    }
    // A key by itself stands for the variable of the environment, which wins anyway.
  }
  return { values, lines, used, problems, warnings };
}

function withoutEscapedQuotes(text: string, quote: string): string {
  return text.replaceAll(/\\(.)/gs, (pair, character) => (character === quote ? quote : pair));
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  '"': '"',
  "\\": "\\",
  // What is interpolated next makes one of two.
  $: "$$",
};

function unescaped(text: string): string {
  return text.replaceAll(/\\(?:([abfnrtv$"\\])|0(\d{0,3}))/g, (_, letter, digits) => {
    if (letter !== undefined) return ESCAPES[letter] ?? letter;
    const isOctal = /^[0-3][0-7]{2}$/.test(digits);
    return isOctal ? String.fromCharCode(Number.parseInt(digits, 8)) : `\\${digits}`;
  });
}
