import { visible } from "@weir/fault";

/** A line of a service's log. */
export interface LogLine {
  /** As pino counts: 30 is info, 50 error, 60 fatal. */
  level: number;
  /** ISO 8601. */
  time: string;
  message: string;
  remedy: string | null;
  details: Record<string, unknown>;
}

const LEVEL_ERROR = 50;
const LEVEL_NAMES = new Map([
  [10, "trace"],
  [20, "debug"],
  [30, "info"],
  [40, "warn"],
  [50, "error"],
  [60, "fatal"],
]);

/** `null` for what is not a line of a log, such as a warning of Node itself. */
export function parseLogLine(text: string): LogLine | null {
  const parsed = parseObject(text);
  if (parsed === null) return null;
  const { level, time, msg, remedy, name: _name, ...details } = parsed;
  if (typeof level !== "number" || typeof msg !== "string") return null;
  return {
    level,
    time: typeof time === "string" ? time : "",
    message: msg,
    remedy: typeof remedy === "string" ? remedy : null,
    details,
  };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    // The entries of an object that JSON.parse made are its properties.
    return typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value))
      : null;
  } catch {
    return null;
  }
}

/** Whether somebody at the terminal must know. */
export function isUrgent({ level }: LogLine): boolean {
  return level >= LEVEL_ERROR;
}

/** A line as a sentence, with its remedy if it has one. */
export function renderSentence({ message, remedy }: LogLine, otherwise: string): string {
  return `${sentence(shown(message))} ${shown(remedy ?? otherwise)}`;
}

/** A line as `--verbose` shows it: time, process, level, message, details. */
export function renderVerbose(name: string, line: LogLine): string {
  const { err: _stack, ...details } = line.details;
  const others = { ...details, ...(line.remedy === null ? {} : { remedy: line.remedy }) };
  const more = Object.keys(others).length === 0 ? "" : ` ${JSON.stringify(others)}`;
  const level = LEVEL_NAMES.get(line.level) ?? String(line.level);
  return `${line.time.slice(11, 23)} ${name.padEnd(13)} ${level.padEnd(5)} ${shown(line.message)}${more}`;
}

/** Indented lines, such as those of a list of problems, stay lines: nobody takes them for the suite's own. */
function shown(text: string): string {
  return text.split("\n  ").map(visible).join("\n  ");
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
