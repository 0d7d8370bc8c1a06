import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Outbox } from "@weir/delivery";
import { type Clock, systemClock } from "@weir/runtime";

const TICK_MS = 20;

/** A message with a number. */
export interface NumberedReading {
  topic: string;
  fields: { number: number } & Record<string, string | number>;
}

function readingNow(number: number, clock: Clock): NumberedReading {
  const epochtime = String(Math.floor(clock.now() / 1_000));
  return { topic: "DATA", fields: { number, epochtime } };
}

/**
 * Creates numbered readings at a steady rate, writes them to a journal and passes them to an outbox.
 *
 * @returns how to stop it; disposing also closes the journal.
 */
export function startCreator(options: {
  outbox: Outbox;
  journalFile: string;
  /** Messages a second. */
  rate: number;
  /** The clock of the readings. */
  clock?: Clock;
  /** What is published with a number. Default a reading of this moment. */
  readingOf?: (number: number) => NumberedReading;
  /** Called when the outbox did not accept messages because of a fault; they may be tried again. */
  onFault: (fault: unknown) => void;
}): AsyncDisposable & { stop(): void } {
  const { outbox, journalFile, rate, clock = systemClock, onFault } = options;
  const { readingOf = (number) => readingNow(number, clock) } = options;
  let { last } = readJournal(journalFile);
  const journal = openJournal(journalFile);

  async function create(count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, index) => last + 1 + index);
    last += count;
    journal.intend(numbers);
    const acceptances = await Promise.allSettled(
      numbers.map(readingOf).map(({ topic, fields }) => outbox.accept(topic, fields)),
    );
    journal.accepted(
      numbers.filter((_, index) => {
        const settled = acceptances[index];
        return settled?.status === "fulfilled" && settled.value.kind === "accepted";
      }),
    );
    const failed = acceptances.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") onFault(failed.reason);
  }

  let due = 0;
  // The journal stays open until the last line is written.
  const underWay = new Set<Promise<void>>();
  const creating = systemClock.repeat(TICK_MS, () => {
    due += (rate * TICK_MS) / 1_000;
    const count = Math.floor(due);
    due -= count;
    if (count === 0) return;
    const created = create(count).catch(onFault);
    underWay.add(created);
    void created.then(() => underWay.delete(created));
  });
  return {
    stop: () => creating[Symbol.dispose](),
    [Symbol.asyncDispose]: async () => {
      creating[Symbol.dispose]();
      await Promise.all(underWay);
      journal.close();
    },
  };
}

/**
 * Opens the journal of a publisher, which is independent of everything under test: `i 7` before message 7
 * is passed to the outbox, `a 7` once the outbox has accepted it. Accepted messages must be stored once;
 * those that were only intended may be stored once or not at all.
 */
function openJournal(file: string) {
  // A line of a killed predecessor may be incomplete.
  appendFileSync(file, "\n");
  const descriptor = openSync(file, "a");
  // The harness kills processes, not the machine: without fsync, the operating system keeps each line.
  const write = (mark: string, numbers: readonly number[]): void => {
    if (numbers.length > 0)
      writeSync(descriptor, numbers.map((number) => `${mark} ${number}\n`).join(""));
  };
  return {
    intend: (numbers: readonly number[]) => write("i", numbers),
    accepted: (numbers: readonly number[]) => write("a", numbers),
    close: () => closeSync(descriptor),
  };
}

/** Reads a journal; `last` is the largest number that was ever used. */
export function readJournal(file: string) {
  const record = { intended: new Set<number>(), accepted: new Set<number>(), last: 0 };
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
