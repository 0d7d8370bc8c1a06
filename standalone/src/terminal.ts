import { print } from "@weir/fault";

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
