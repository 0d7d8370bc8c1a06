import { destination, type Logger, type LoggerOptions, pino, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";
import type { ProcessConfig } from "./shared-settings.ts";

// Control characters (C0, DEL and C1: they begin the sequences that steer a terminal), lone surrogates, line
// and paragraph separators, and characters that reverse the direction of text.
const STEERING = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const STEERING_BUT_LINE_ENDS = /\r?\n|[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

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

/** JSON escapes only some of these characters. All of them have four digits. */
function escaped(character: string): string {
  const json = JSON.stringify(character).slice(1, -1);
  if (json !== character) return json;
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
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

/**
 * The log of a process, on standard error: standard output is for a program's results. JSON lines, or text
 * on a terminal (`LOG_FORMAT`). Text from outside cannot steer the terminal.
 */
export function createLogger(
  name: string,
  { logLevel, logFormat }: Pick<ProcessConfig, "logLevel" | "logFormat">,
): Logger {
  const isTerminal = process.stderr.isTTY === true;
  const asText = logFormat === "text" || (logFormat === "auto" && isTerminal);
  const options: LoggerOptions = {
    name,
    level: logLevel,
    base: {},
    timestamp: stdTimeFunctions.isoTime,
    ...(asText ? { hooks: { streamWrite: legible } } : {}),
    ...(isTerminal && !asText ? { hooks: { streamWrite: visibleLines } } : {}),
  };
  const stream = asText
    ? pretty({ destination: 2, sync: true, singleLine: true, translateTime: "HH:MM:ss.l" })
    : destination({ dest: 2, sync: true });
  return pino(options, stream);
}

const ESCAPE = /\\(?:n(?: {2}|caused by: )|u[0-9a-f]{4}|.)/g;
const KEPT = /^\\(?:["\\/]|n.+)$/;

/**
 * Escapes the texts of a JSON line as `visible` does, since the pretty printer writes them unescaped. An
 * indented line, as of a stack or a list of problems, stays a line: it cannot be mistaken for a line of the log.
 */
function legible(line: string): string {
  return visibleLines(line).replace(ESCAPE, (found) => (KEPT.test(found) ? found : `\\${found}`));
}
