// Control characters (C0, DEL and C1: they begin the sequences that steer a terminal), lone surrogates, line
// and paragraph separators, and characters that reverse the direction of text.
const STEERING = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const STEERING_BUT_LINE_ENDS = /\r?\n|[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

const SHORT: ReadonlyMap<string, string> = new Map([
  ["\b", "\\b"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\f", "\\f"],
  ["\r", "\\r"],
]);

/**
 * Text from outside as part of a line: characters that could steer a terminal, end the line or reverse it are
 * shown as JSON has them (`\n`, `\u001b`). A backslash stays, so the result is for people and not parsable.
 */
export function visible(text: string): string {
  return text.replace(STEERING, escaped);
}

/** The same for text with lines: their ends stay. JSON stays the same JSON. */
export function visibleLines(text: string): string {
  return text.replace(STEERING_BUT_LINE_ENDS, (found) =>
    found.endsWith("\n") ? found : escaped(found),
  );
}

/** All of these characters have four digits. */
function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(4, "0");
  return SHORT.get(character) ?? `\\u${code}`;
}

/** Standard output or standard error. */
export interface Screen {
  isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * Prints text for people. This and `printData` are the only ways to standard output and standard error: a
 * lint rule forbids others, so that no program forgets to escape.
 *
 * @param control control sequences of the program's own, written before the text unescaped.
 */
export function print(
  text: string,
  { to = process.stdout, control = "" }: { to?: Screen; control?: string } = {},
): void {
  to.write(control + visibleLines(text));
}

/** Prints data for programs: unchanged to a pipe or a file, escaped to a terminal. */
export function printData(text: string, { to = process.stdout }: { to?: Screen } = {}): void {
  to.write(dataFor(to, text));
}

/** What `printData` writes, for callers that must wait for the write. */
export function dataFor(to: Pick<Screen, "isTTY">, data: string): string {
  return to.isTTY === true ? visibleLines(data) : data;
}
