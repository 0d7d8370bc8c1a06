import { itemPathOf, type Path, pathOf } from "../reading/path.ts";

/** Longer templates are programs. */
const LENGTH_MAX = 512;

const EXPRESSION = /^\{\{-?([^{}%]*)\}\}$/;
/** A boolean as a word, as Zigbee2MQTT writes it: `{% if value_json["a"] %}true{% else %}false{% endif %}`. */
const BOOLEAN = /^\{% if ([^{}%]+) %\}\w+\{% else %\}\w+\{% endif %\}$/;

/** An attribute of the state of Weir's own devices, whose series are named without `data`. */
const ATTRIBUTE =
  /^\{\{ 'None' if '([\w.-]+)' in value_json\.get\('stale', \[\]\) else value_json\.data\.get\('\1', ''\) \}\}$/;

const NAME = /\s*(value_json|value)(?!\w)/y;
const ACCESS =
  /\.get\(\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*\)|\.([A-Za-z_]\w*)|\.(\d+)|\[\s*(?:'([^'\\]*)'|"([^"\\]*)"|(\d+))\s*\]/y;
/** Filters that leave a number what it is, but for its digits. */
const FILTER =
  /\s*\|\s*(?:round|float|int|default|d|is_defined|string|lower|upper|trim)(?!\w)(?:\([^()]*\))?/y;
const OPEN = /\s*\(/y;
const CLOSE = /\s*\)/y;
const END = /\s*-?$/y;

/**
 * The place in a payload that a template of Home Assistant takes a value from.
 *
 * @returns `null` for a template that does more than that.
 */
export function pathOfTemplate(template: string): Path | null {
  const text = template.trim();
  if (text === "") return "";
  if (text.length > LENGTH_MAX) return null;
  const attribute = ATTRIBUTE.exec(text)?.[1];
  if (attribute !== undefined) return pathOf("", attribute);
  const inner = (EXPRESSION.exec(text) ?? BOOLEAN.exec(text))?.[1];
  if (inner === undefined) return null;
  const found = readExpression(inner, 0);
  return found !== null && skip(END, inner, found.end) !== null ? found.path : null;
}

interface Found {
  path: Path;
  end: number;
}

/** Reads `value_json.a['b'][0] | round(1)`, in parentheses or not. */
function readExpression(text: string, start: number): Found | null {
  const inside = skip(OPEN, text, start);
  const found = inside === null ? readPlace(text, start) : readParentheses(text, inside);
  if (found === null) return null;
  let { end } = found;
  for (let next = skip(FILTER, text, end); next !== null; next = skip(FILTER, text, end)) {
    end = next;
  }
  return { path: found.path, end };
}

function readParentheses(text: string, start: number): Found | null {
  const found = readExpression(text, start);
  const end = found === null ? null : skip(CLOSE, text, found.end);
  return found === null || end === null ? null : { path: found.path, end };
}

function readPlace(text: string, start: number): Found | null {
  NAME.lastIndex = start;
  const name = NAME.exec(text)?.[1];
  if (name === undefined) return null;
  let end = NAME.lastIndex;
  let path: Path = "";
  // A payload that is no JSON has no parts.
  while (name === "value_json") {
    ACCESS.lastIndex = end;
    const access = ACCESS.exec(text);
    if (access === null) break;
    end = ACCESS.lastIndex;
    const [, got, gotToo, plain, item, key, keyToo, index] = access;
    const named = got ?? gotToo ?? plain ?? key ?? keyToo;
    path = named === undefined ? itemPathOf(path, Number(item ?? index)) : pathOf(path, named);
  }
  return { path, end };
}

/** Where a pattern that begins at `start` ends; `null` where it does not begin there. */
function skip(pattern: RegExp, text: string, start: number): number | null {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : null;
}
