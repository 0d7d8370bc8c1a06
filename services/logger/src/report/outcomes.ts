import { OUTCOMES } from "@weir/protocol";
import type { Clock, Logger } from "@weir/runtime";
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

/** An episode ends when a limit was not reached for so many intervals: a minute. */
const QUIET_INTERVALS = 6;

type Limit = keyof Stream["store"]["reached"];

const WORDS: Readonly<Record<Limit, string>> = {
  publishers:
    "the ledger is full: the newest publishers displace each other, and what they send again may be stored again. Somebody may be inventing names: see docs/explanation/delivery.md",
  epochs:
    "the ledger is full for a publisher: its newest epochs and topics displace each other. Somebody may be using its name: see docs/explanation/delivery.md",
  topics:
    "too many new topics: rows are stored with the flag, and messages of outboxes on such topics get no receipt yet. Somebody may be inventing topics: see docs/explanation/delivery.md",
};

interface Episode {
  /** The count before it, and when it was last looked at. */
  from: number;
  last: number;
  quiet: number;
}

/** Says once for each episode that a stream's store has reached a limit, and what came of it at its end. */
export function startLimitReport(
  streams: () => Iterable<Stream>,
  { clock, logger }: { clock: Clock; logger: Logger },
): Disposable {
  const seen = new WeakMap<Stream, Map<Limit, number>>();
  const episodes = new WeakMap<Stream, Map<Limit, Episode>>();

  function look(stream: Stream, limit: Limit, count: number): void {
    const before = of(seen, stream).get(limit) ?? 0;
    of(seen, stream).set(limit, count);
    const open = of(episodes, stream);
    const episode = open.get(limit);
    if (episode === undefined) {
      if (count === before) return;
      open.set(limit, { from: before, last: count, quiet: 0 });
      logger.warn({ stream: stream.config.name, limit, count: count - before }, WORDS[limit]);
      return;
    }
    episode.quiet = count === episode.last ? episode.quiet + 1 : 0;
    episode.last = count;
    if (episode.quiet < QUIET_INTERVALS) return;
    open.delete(limit);
    logger.info(
      { stream: stream.config.name, limit, count: count - episode.from },
      "the limit is not reached any more",
    );
  }

  return clock.repeat(INTERVAL_MS, () => {
    for (const stream of streams()) {
      const { publishers, epochs, topics } = stream.store.reached;
      look(stream, "publishers", publishers);
      look(stream, "epochs", epochs);
      look(stream, "topics", topics);
    }
  });
}

function of<V>(maps: WeakMap<Stream, Map<Limit, V>>, stream: Stream): Map<Limit, V> {
  const map = maps.get(stream) ?? new Map<Limit, V>();
  maps.set(stream, map);
  return map;
}
