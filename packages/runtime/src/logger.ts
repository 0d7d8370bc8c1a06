import { destination, type Logger, type LoggerOptions, pino, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";
import type { ProcessConfig } from "./shared-settings.ts";
import { visibleLines } from "./terminal.ts";

/**
 * The log of a process, on standard error: standard output belongs to what a program is for.
 * JSON lines, or text on a terminal (`LOG_FORMAT`). What came from outside cannot steer a terminal.
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
 * A line of JSON whose texts read as `visible` shows them, once they are parsed: the pretty printer writes
 * them as they are. Lines stay lines where they are indented, as those of a stack and of a list of problems:
 * nobody takes these for lines of the log.
 */
function legible(line: string): string {
  return visibleLines(line).replace(ESCAPE, (found) => (KEPT.test(found) ? found : `\\${found}`));
}
