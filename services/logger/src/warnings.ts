import { OUTCOMES } from "@weir/protocol";
import type { Clock, Logger } from "@weir/runtime";
import type { Stream } from "./stream.ts";

interface WarningsOptions {
  clock: Clock;
  logger: Logger;
}

const INTERVAL_MS = 10_000;
const NOT_VALID = OUTCOMES.filter(({ kind }) => kind === "flagged" || kind === "rejected");

/** Logs payloads that were flagged or rejected, in sums: a flood of them is one line. */
export function startPayloadWarnings(
  streams: () => Iterable<Stream>,
  { clock, logger }: WarningsOptions,
): Disposable {
  const reported = new WeakMap<Stream, ReadonlyMap<number, number>>();

  function report(stream: Stream): void {
    const now = new Map(stream.counts.outcomes);
    const before = reported.get(stream);
    reported.set(stream, now);
    const reasons: Record<string, number> = {};
    let sum = 0;
    for (const { code, reason } of NOT_VALID) {
      const recent = (now.get(code) ?? 0) - (before?.get(code) ?? 0);
      if (recent === 0) continue;
      reasons[reason] = recent;
      sum += recent;
    }
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

const LIMITS = ["publishers", "epochs", "topics"] as const;
type Limit = (typeof LIMITS)[number];

const WORDS: Readonly<Record<Limit, string>> = {
  publishers:
    "the ledger is full: the newest publishers displace each other, and what they send again may be stored again. A client may be inventing names: see docs/explanation/delivery.md",
  epochs:
    "the ledger is full for a publisher: its newest epochs and topics displace each other. Another client may be using its name: see docs/explanation/delivery.md",
  topics:
    "too many new topics: rows are stored with the flag, and messages of outboxes on such topics get no receipt yet. A client may be inventing topics: see docs/explanation/delivery.md",
};

/** An episode ends when its limit was not reached for so many intervals: a minute. */
const QUIET_INTERVALS = 6;

interface Seen {
  /** At the last look. */
  count: number;
  /** Before the episode; `null` when there is none. */
  from: number | null;
  quiet: number;
}

/** Logs once for each episode that a stream's store has reached a limit, and its sum at the end. */
export function startLimitWarnings(
  streams: () => Iterable<Stream>,
  { clock, logger }: WarningsOptions,
): Disposable {
  const reported = new WeakMap<Stream, Record<Limit, Seen>>();

  function look(stream: Stream, limit: Limit, seen: Seen): void {
    const { name } = stream.config;
    const before = seen.count;
    seen.count = stream.store.reached[limit];
    const count = seen.count - before;
    if (count > 0) {
      seen.quiet = 0;
      if (seen.from !== null) return;
      seen.from = before;
      logger.warn({ stream: name, limit, count }, WORDS[limit]);
    } else if (seen.from !== null) {
      seen.quiet += 1;
      if (seen.quiet < QUIET_INTERVALS) return;
      const sum = seen.count - seen.from;
      seen.from = null;
      logger.info({ stream: name, limit, count: sum }, "the limit is no longer reached");
    }
  }

  return clock.repeat(INTERVAL_MS, () => {
    for (const stream of streams()) {
      const seen = reported.get(stream) ?? {
        publishers: unseen(),
        epochs: unseen(),
        topics: unseen(),
      };
      reported.set(stream, seen);
      for (const limit of LIMITS) look(stream, limit, seen[limit]);
    }
  });
}

function unseen(): Seen {
  return { count: 0, from: null, quiet: 0 };
}
