import type { Readable } from "node:stream";
import { print } from "@weir/runtime";

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
