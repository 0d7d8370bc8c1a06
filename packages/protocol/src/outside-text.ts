const BYTE_ORDER_MARK = 0xfe_ff;

/**
 * Bytes from outside as text: a payload, a file, the output of a program. The only place where they become
 * text. A leading byte order mark and trailing NULs are removed: editors on Windows write the mark, and
 * programs in C send the NULs with their buffers.
 */
export function textOf(bytes: Buffer): string {
  return withoutMarks(bytes.toString("utf8"));
}

/** The same for text from outside that is a string already. */
export function withoutMarks(text: string): string {
  const start = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0;
  let end = text.length;
  while (end > start && text.charCodeAt(end - 1) === 0) end -= 1;
  return end - start === text.length ? text : text.slice(start, end);
}

/** The JSON in bytes from outside; `undefined` for anything else. */
export function jsonOf(bytes: Buffer): unknown {
  return parseJson(textOf(bytes));
}

/** Whether JSON is an object, and not a list. */
export function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** Words that are not JSON: NaN and Infinity of Python, nan and inf of MicroPython, -nan of C. */
const NON_FINITE = /nan|inf/i;
/** A string, which may contain such words, or a word. It matches unclosed strings whole, to stay linear. */
const STRING_OR_NON_FINITE = /"(?:[^"\\]|\\.)*"?|[+-]?\b(?:nan|inf(?:inity)?)\b/gis;

/**
 * Reads JSON; where that fails, once more with `null` for NaN and infinities.
 *
 * @returns `json` is `undefined` for anything else; `hasNonFinite` is whether the second attempt was made.
 */
export function parseLenientJson(text: string): { json: unknown; hasNonFinite: boolean } {
  const json = parseJson(text);
  if (json !== undefined || !NON_FINITE.test(text)) return { json, hasNonFinite: false };
  const strict = text.replace(STRING_OR_NON_FINITE, (found) => (found[0] === '"' ? found : "null"));
  return { json: parseJson(strict), hasNonFinite: true };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Bad input is data: the caller says what is wrong with it.
    return undefined;
  }
}
