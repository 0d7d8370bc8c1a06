import type { Readable } from "node:stream";

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
