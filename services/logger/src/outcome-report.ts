import type { Clock } from "@weir/clock";
import type { Outcome } from "@weir/messages";
import type { Logger } from "@weir/service";

/** Tells the log about payloads that were not sound, in sums: a flood of rubbish is one line. */
export interface OutcomeReport extends Disposable {
  add(outcome: Outcome): void;
}

const INTERVAL_MS = 10_000;

export function startOutcomeReport(clock: Clock, logger: Logger): OutcomeReport {
  const counts = new Map<string, number>();

  const timer = clock.repeat(INTERVAL_MS, () => {
    if (counts.size === 0) return;
    const sum = [...counts.values()].reduce((total, count) => total + count, 0);
    logger.warn(
      { reasons: Object.fromEntries(counts) },
      `${sum} payload(s) rejected or flagged; they are stored: SELECT * FROM explained WHERE kind <> 'reading'`,
    );
    counts.clear();
  });

  return {
    add: ({ kind, reason }) => {
      if (kind !== "reading") counts.set(reason, (counts.get(reason) ?? 0) + 1);
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}
