import { destination, type Logger, type LoggerOptions, pino, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";
import type { ProcessConfig } from "./shared-settings.ts";
import { visibleLines } from "./terminal.ts";

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
