import { closeSync, mkdirSync, openSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { errorCode, errorMessage, print, visible } from "@weir/runtime";

const BYTES_MAX = 10 * 1024 * 1024;

type LogFile = ReturnType<typeof openLogFile>;

/**
 * Opens a new log and keeps the previous one: `<name>.log`, and the one before as `.old`, of at most
 * `bytesMax` each. What cannot be written, as on a full disk, is left out and counted where the log goes on: the
 * logger, whose rows need the disk more, has its own answer.
 */
export function openLogFile(options: {
  folder: string;
  name: string;
  bytesMax?: number;
  /** Called with a sentence when it cannot be written for the first time. */
  onFault: (message: string) => void;
}) {
  const { folder, name, bytesMax = BYTES_MAX, onFault } = options;
  const path = join(folder, `${name}.log`);
  let descriptor: number | null = null;
  let bytes = 0;
  let missing = 0;
  let hasFailed = false;

  function close(): void {
    if (descriptor !== null) closeSync(descriptor);
    descriptor = null;
  }

  function begin(): number {
    close();
    mkdirSync(folder, { recursive: true });
    bytes = 0;
    return rotate(path);
  }

  /** @returns whether it could. */
  function attempt(task: () => void): boolean {
    try {
      task();
      return true;
    } catch (error) {
      if (!hasFailed) {
        onFault(
          `${path} cannot be written (${errorMessage(error)}). Until it can, its lines are left out; npm start -- --verbose shows them.`,
        );
      }
      hasFailed = true;
      return false;
    }
  }

  function write(line: string): void {
    const text = missing === 0 ? `${line}\n` : `\n${missing} line(s) missing here\n${line}\n`;
    const isFull = bytes > 0 && bytes + Buffer.byteLength(text) > bytesMax;
    if (descriptor === null || isFull) descriptor = begin();
    writeFileSync(descriptor, text);
    bytes += Buffer.byteLength(text);
  }

  attempt(() => {
    descriptor = begin();
  });
  return {
    path,
    append: (line: string): void => {
      missing = attempt(() => write(line)) ? 0 : missing + 1;
    },
    [Symbol.dispose]: close,
  };
}

function rotate(path: string): number {
  try {
    renameSync(path, `${path}.old`);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  return openSync(path, "w");
}

const LEVEL_ERROR = 50;
const LEVEL_NAMES = new Map([
  [10, "trace"],
  [20, "debug"],
  [30, "info"],
  [40, "warn"],
  [LEVEL_ERROR, "error"],
  [60, "fatal"],
]);

/** A line of a service's log. */
interface LogLine {
  /** As pino counts. */
  level: number;
  /** ISO 8601. */
  time: string;
  message: string;
  remedy: string | null;
  details: Record<string, unknown>;
}

/** `null` for what is not a line of a log, such as a warning of Node itself. */
function parseLogLine(text: string): LogLine | null {
  const { level, time, msg, remedy, name: _name, ...details } = parseObject(text);
  if (typeof level !== "number" || typeof msg !== "string") return null;
  return {
    level,
    time: typeof time === "string" ? time : "",
    message: msg,
    remedy: typeof remedy === "string" ? remedy : null,
    details,
  };
}

/** Without properties where the text is not an object. */
function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? { ...value } : {};
  } catch {
    return {};
  }
}

/** A line as a sentence, with its remedy if it has one. */
function renderSentence({ message, remedy }: LogLine, otherwise: string): string {
  const sentence = shown(message);
  return `${sentence}${/[.!?]$/.test(sentence) ? "" : "."} ${shown(remedy ?? otherwise)}`;
}

/** A line as `--verbose` shows it: time, process, level, message, details. */
function renderVerbose(name: string, line: LogLine): string {
  const { err: _stack, ...details } = line.details;
  const others = { ...details, ...(line.remedy === null ? {} : { remedy: line.remedy }) };
  const more = Object.keys(others).length === 0 ? "" : ` ${JSON.stringify(others)}`;
  const level = LEVEL_NAMES.get(line.level) ?? String(line.level);
  return `${line.time.slice(11, 23)} ${name.padEnd(13)} ${level.padEnd(5)} ${shown(line.message)}${more}`;
}

/** Indented lines, such as those of a list of problems, stay lines: they cannot pass for lines of the suite. */
function shown(text: string): string {
  return text.split("\n  ").map(visible).join("\n  ");
}

const PLAIN_LINES_MAX = 40;

/** Writes the log of one part into its file and to the terminal, over all its runs. */
export function createLogRelay(options: {
  name: string;
  file: LogFile;
  terminal: Terminal;
  /** Whether the terminal shows every line, or only urgent ones. */
  isVerbose: boolean;
}) {
  const { name, file, terminal, isVerbose } = options;
  let plainLines: string[] = [];
  let said: string | null = null;

  function take(text: string): void {
    file.append(text);
    const line = parseLogLine(text);
    if (line === null) {
      plainLines.push(text);
      if (plainLines.length > PLAIN_LINES_MAX) plainLines.shift();
      if (isVerbose) terminal.write(text);
    } else if (isVerbose) {
      terminal.write(renderVerbose(name, line));
    } else if (line.level >= LEVEL_ERROR) {
      const sentence = `${name}: ${renderSentence(line, `Its log is ${file.path}.`)}`;
      // A repeated fault is shown once; the file has every line.
      if (sentence !== said) terminal.say(sentence);
      said = sentence;
    }
  }

  return {
    /** Resolves when the stream has ended. */
    relay: (log: Readable): Promise<void> => {
      plainLines = [];
      return readLines(log, take);
    },
    /** The newest lines of this run that are not log lines. */
    plainText: (): string => plainLines.join("\n"),
  };
}

export type Terminal = ReturnType<typeof createTerminal>;

/**
 * Where the suite reports to its user: standard error, for standard output is the table's.
 *
 * @param onWritten called after each line, for a part that draws on the same terminal.
 */
export function createTerminal(onWritten: () => void) {
  // A terminal that was closed takes no more lines; the suite still has to stop in order.
  process.stderr.on("error", () => {});

  /** A line as it is. */
  function write(line: string): void {
    print(`${line}\n`, { to: process.stderr });
    onWritten();
  }
  return { say: (sentence: string): void => write(`weir: ${sentence}`), write };
}

// A process that writes without end and without a line break must not fill the memory of this one.
const LINE_CHARACTERS_MAX = 65_536;

/** Calls `onLine` for each line of a stream, and for what is left at its end; resolves then. */
async function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
    if (rest.length > LINE_CHARACTERS_MAX) {
      onLine(rest);
      rest = "";
    }
  }
  if (rest !== "") onLine(rest);
}
