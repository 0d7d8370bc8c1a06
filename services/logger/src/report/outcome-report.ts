import type { Clock } from "@weir/clock";
import { OUTCOMES } from "@weir/messages";
import type { Logger } from "@weir/service";
import type { Stream } from "../stream/stream.ts";

const INTERVAL_MS = 10_000;
const UNSOUND = OUTCOMES.filter(({ kind }) => kind === "flagged" || kind === "rejected");

/** Tells the log about payloads that were not sound, in sums: a flood of rubbish is one line. */
export function startOutcomeReport(
  streams: () => Iterable<Stream>,
  { clock, logger }: { clock: Clock; logger: Logger },
): Disposable {
  const told = new WeakMap<Stream, Map<number, number>>();

  /** How many came since the last report, by reason. */
  function takeReasons(stream: Stream): Record<string, number> {
    const before = told.get(stream) ?? new Map<number, number>();
    const now = new Map(stream.counts.outcomes);
    told.set(stream, now);
    const reasons: Record<string, number> = {};
    for (const { code, reason } of UNSOUND) {
      const came = (now.get(code) ?? 0) - (before.get(code) ?? 0);
      if (came > 0) reasons[reason] = came;
    }
    return reasons;
  }

  function report(stream: Stream): void {
    const reasons = takeReasons(stream);
    const sum = Object.values(reasons).reduce((total, count) => total + count, 0);
    if (sum === 0) return;
    logger.warn(
      { stream: stream.config.name, reasons },
      `${sum} payload(s) rejected or flagged; they are stored: SELECT * FROM explained WHERE kind IN ('rejected', 'flagged')`,
    );
  }

  return clock.repeat(INTERVAL_MS, () => {
    for (const stream of streams()) report(stream);
  });
}
