import type { Readable } from "node:stream";
import { readLines } from "./lines.ts";
import type { LogFile } from "./log-file.ts";
import { isUrgent, parseLogLine, renderSentence, renderVerbose } from "./log-line.ts";
import type { Terminal } from "./terminal.ts";

export interface LogRelayOptions {
  name: string;
  file: LogFile;
  terminal: Terminal;
  /** Whether the terminal shows every line, or only what somebody must know. */
  isVerbose: boolean;
}

/** Takes the log of one process, life after life, into its file and to the terminal. */
export interface LogRelay {
  /** Resolves when the stream has ended. */
  relay(log: Readable): Promise<void>;
  /** The newest lines of this life that are no lines of a log. */
  plainText(): string;
}

const PLAIN_LINES_MAX = 40;

export function createLogRelay(options: LogRelayOptions): LogRelay {
  const { name, file, terminal, isVerbose } = options;
  let plainLines: string[] = [];
  let shown: string | null = null;

  function take(text: string): void {
    file.append(text);
    const line = parseLogLine(text);
    if (line === null) {
      plainLines.push(text);
      if (plainLines.length > PLAIN_LINES_MAX) plainLines.shift();
      if (isVerbose) terminal.write(text);
    } else if (isVerbose) {
      terminal.write(renderVerbose(name, line));
    } else if (isUrgent(line)) {
      sayOnce(`${name}: ${renderSentence(line, `Its log is ${file.path}.`)}`);
    }
  }

  /** A fault that repeats itself is told once; the file has every line. */
  function sayOnce(text: string): void {
    if (text === shown) return;
    shown = text;
    terminal.say(text);
  }

  return {
    relay: (log) => {
      plainLines = [];
      return readLines(log, take);
    },
    plainText: () => plainLines.join("\n"),
  };
}
