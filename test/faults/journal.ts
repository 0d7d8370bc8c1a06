import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";

/**
 * What the publisher writes down for itself, apart from everything that is under test: `i 7` before
 * message 7 is handed to the outbox, `a 7` once the outbox has accepted it. So the accepted ones must
 * be stored once; those that were only intended may be stored once, or not at all.
 */
export interface Journal {
  intend(numbers: readonly number[]): void;
  accepted(numbers: readonly number[]): void;
  close(): void;
}

/** What a journal says. */
export interface JournalRecord {
  intended: Set<number>;
  accepted: Set<number>;
  /** The largest number that was ever used. */
  last: number;
}

// What was written by a process that is then killed is safe with the operating system. The harness
// kills processes, not the machine, so nothing is gained by an fsync for each line.
export function openJournal(file: string): Journal {
  // The line of a killed predecessor may have no end.
  appendFileSync(file, "\n");
  const descriptor = openSync(file, "a");
  const write = (mark: string, numbers: readonly number[]): void => {
    if (numbers.length > 0)
      writeSync(descriptor, numbers.map((number) => `${mark} ${number}\n`).join(""));
  };
  return {
    intend: (numbers) => write("i", numbers),
    accepted: (numbers) => write("a", numbers),
    close: () => closeSync(descriptor),
  };
}

export function readJournal(file: string): JournalRecord {
  const record: JournalRecord = { intended: new Set(), accepted: new Set(), last: 0 };
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  for (const line of text.split("\n")) {
    const [, mark, digits] = /^([ia]) (\d+)$/.exec(line) ?? [];
    if (mark === undefined) continue;
    const number = Number(digits);
    record[mark === "i" ? "intended" : "accepted"].add(number);
    record.last = Math.max(record.last, number);
  }
  return record;
}
