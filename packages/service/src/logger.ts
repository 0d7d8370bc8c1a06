import type { ProcessConfig } from "@weir/config";
import { destination, type Logger, pino, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";

/**
 * The log of a process, on standard error: standard output belongs to what a program is for.
 * JSON lines, or text on a terminal (`LOG_FORMAT`).
 */
export function createLogger(
  name: string,
  { logLevel, logFormat }: Pick<ProcessConfig, "logLevel" | "logFormat">,
): Logger {
  const asText = logFormat === "text" || (logFormat === "auto" && process.stderr.isTTY === true);
  const options = { name, level: logLevel, base: {}, timestamp: stdTimeFunctions.isoTime };
  const stream = asText
    ? pretty({ destination: 2, sync: true, singleLine: true, translateTime: "HH:MM:ss.l" })
    : destination({ dest: 2, sync: true });
  return pino(options, stream);
}
