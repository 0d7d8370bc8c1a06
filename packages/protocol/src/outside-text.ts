const BYTE_ORDER_MARK = 0xfe_ff;

/**
 * Bytes from outside as text: a payload, a file, what a program wrote. The one place where they become
 * text. A leading byte order mark and trailing NULs are left out: editors on Windows write the one,
 * programs in C send the others with their buffers.
 */
export function textOf(bytes: Buffer): string {
  return withoutMarks(bytes.toString("utf8"));
}

/** Text from outside that is a string already, as `textOf` gives it. */
export function withoutMarks(text: string): string {
  const start = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0;
  let end = text.length;
  while (end > start && text.charCodeAt(end - 1) === 0) end -= 1;
  return end - start === text.length ? text : text.slice(start, end);
}

/** The JSON in bytes from outside; `undefined` for what is none. */
export function jsonOf(bytes: Buffer): unknown {
  return parseJson(textOf(bytes));
}

/** JSON that may have numbers in it which are none. */
export interface LenientJson {
  /** `undefined` for what is not JSON in spite of that. */
  json: unknown;
  /** Whether a NaN or an infinity was read as `null`. */
  hasNonFinite: boolean;
}

/** What JSON lacks and others write: Python NaN and Infinity, MicroPython nan and inf, C -nan, too. */
const NON_FINITE = /nan|inf/i;
/** A string, which may hold such words, or a word. It takes unclosed strings whole, to stay linear. */
const STRING_OR_NON_FINITE = /"(?:[^"\\]|\\.)*"?|[+-]?\b(?:nan|inf(?:inity)?)\b/gis;

/** Reads JSON; where that fails, once more with `null` for NaN and infinities. */
export function parseLenientJson(text: string): LenientJson {
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
