// Control characters (C0, DEL, C1, which begin the sequences that steer a terminal), lone surrogates, the
// separators of lines and paragraphs, and what reverses the direction of text.
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
 * Text from outside as part of a line: what could steer a terminal, end the line or reverse it is shown as
 * JSON writes it (`\n`, `\u001b`). A backslash stays as it is, so this is for eyes: it cannot be read back.
 */
export function visible(text: string): string {
  return text.replace(STEERING, escaped);
}

/** The same for text that has lines: their ends stay. JSON stays the same JSON. */
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

export interface Printing {
  /** Default standard output. */
  to?: Screen;
  /** Control sequences of our own, written in front of the text as they are. */
  control?: string;
}

/**
 * Prints text for people, wherever it goes. This and `printData` are the only ways to standard output and
 * standard error: a lint rule keeps others out, so that no program forgets to escape.
 */
export function print(text: string, { to = process.stdout, control = "" }: Printing = {}): void {
  to.write(control + visibleLines(text));
}

/** Prints data for programs: as it is to a pipe or a file, escaped to a terminal. */
export function printData(text: string, { to = process.stdout }: Printing = {}): void {
  to.write(dataFor(to, text));
}

/** Data as it is written to a screen, for who has to wait until it is written. */
export function dataFor(to: Pick<Screen, "isTTY">, data: string): string {
  return to.isTTY === true ? visibleLines(data) : data;
}
