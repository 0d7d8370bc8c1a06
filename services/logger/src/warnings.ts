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

type Limit = keyof Stream["store"]["reached"];

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

interface Episode {
  /** The count before it, and at the last look. */
  from: number;
  last: number;
  quiet: number;
}

/** Logs once for each episode that a stream's store has reached a limit, and its sum at the end. */
export function startLimitWarnings(
  streams: () => Iterable<Stream>,
  { clock, logger }: WarningsOptions,
): Disposable {
  const reported = new WeakMap<
    Stream,
    { seen: Map<Limit, number>; episodes: Map<Limit, Episode> }
  >();

  function look(stream: Stream): void {
    const known = reported.get(stream) ?? { seen: new Map(), episodes: new Map() };
    reported.set(stream, known);
    const { name } = stream.config;
    for (const limit of ["publishers", "epochs", "topics"] as const) {
      const count = stream.store.reached[limit];
      const before = known.seen.get(limit) ?? 0;
      known.seen.set(limit, count);
      const episode = known.episodes.get(limit);
      if (episode === undefined) {
        if (count === before) continue;
        known.episodes.set(limit, { from: before, last: count, quiet: 0 });
        logger.warn({ stream: name, limit, count: count - before }, WORDS[limit]);
        continue;
      }
      episode.quiet = count === episode.last ? episode.quiet + 1 : 0;
      episode.last = count;
      if (episode.quiet < QUIET_INTERVALS) continue;
      known.episodes.delete(limit);
      logger.info(
        { stream: name, limit, count: count - episode.from },
        "the limit is no longer reached",
      );
    }
  }

  return clock.repeat(INTERVAL_MS, () => {
    for (const stream of streams()) look(stream);
  });
}
