import type { Outbox } from "@weir/delivery";
import { type Clock, systemClock } from "@weir/runtime";
import { openJournal, readJournal } from "./journal.ts";

const TICK_MS = 20;

/** Hands numbered readings to an outbox, at a steady rate, with a journal beside it. */
export interface Creator extends AsyncDisposable {
  /** Creates no more. */
  stop(): void;
}

export function startCreator(options: {
  outbox: Outbox;
  journalFile: string;
  /** Messages a second. */
  rate: number;
  /** The hour of the readings. */
  clock?: Clock;
  /** Called when the outbox did not accept some because of a fault; they may be tried again. */
  onFault: (fault: unknown) => void;
}): Creator {
  const { outbox, journalFile, rate, clock = systemClock, onFault } = options;
  let { last } = readJournal(journalFile);
  const journal = openJournal(journalFile);

  async function create(count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, index) => last + 1 + index);
    last += count;
    journal.intend(numbers);
    const epochtime = String(Math.floor(clock.now() / 1_000));
    const acceptances = await Promise.allSettled(
      numbers.map((number) => outbox.accept("DATA", { number, epochtime })),
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
