import type { Readable } from "node:stream";
import { print } from "@weir/runtime";

/** Where the suite speaks to whoever started it: standard error, for standard output is the table's. */
export interface Terminal {
  /** A sentence of the suite. */
  say(sentence: string): void;
  /** A line as it is. */
  write(line: string): void;
}

/** @param onWritten called after each line, for whoever draws on the same terminal. */
export function createTerminal(onWritten: () => void): Terminal {
  // A terminal that was closed takes no more lines; the suite still has to stop in order.
  process.stderr.on("error", () => {});

  function write(line: string): void {
    print(`${line}\n`, { to: process.stderr });
    onWritten();
  }
  return { say: (sentence) => write(`weir: ${sentence}`), write };
}

// A process that writes without end and without a line break must not fill the memory of this one.
const LINE_CHARACTERS_MAX = 65_536;

/** Calls `onLine` for each line of a stream, and for what is left at its end; resolves then. */
export async function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
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
