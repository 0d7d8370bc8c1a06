import { OUTCOMES } from "@weir/protocol";
import { Counter, Gauge, Histogram, type Registry } from "@weir/runtime";
import type { LockWaits } from "../stream/lock-waits.ts";
import type { Stream } from "../stream/stream.ts";

/** What was not stored, since the start of the process. */
export interface Losses {
  /** Messages beyond the size limit. */
  dropped: number;
  /** Messages on topics that no stream asks for. */
  unmatched: number;
}

/** What the logger counts beside what each stream counts for itself. */
export interface LoggerMetrics {
  receipts: Counter;
  commitSeconds: Histogram;
}

export interface LoggerMetricsOptions {
  streams: () => Iterable<Stream>;
  losses: Readonly<Losses>;
  /** Messages of subscriptions that were not made here. */
  strange: () => number;
  locks: Pick<LockWaits, "isWaiting">;
}

/**
 * Registers the metrics. Those of streams are read from their counts when somebody asks: counting with
 * labels costs more than storing a row. Labels are names of streams and words of fixed lists.
 */
export function createLoggerMetrics(
  registry: Registry,
  { streams, losses, strange, locks }: LoggerMetricsOptions,
): LoggerMetrics {
  const registers = [registry];
  registerMessages(registry, streams);
  perStream(
    registry,
    streams,
    {
      name: "weir_logger_waits_for_lock",
      help: "1 while nothing is written to the stream's store because another program has a write transaction open on it.",
      of: ({ config }) => Number(locks.isWaiting(config.name)),
    },
    Gauge,
  );
  registerStores(registry, streams);
  registerLosses(registry, losses);
  new Counter({
    name: "weir_logger_strange_total",
    help: "Messages that came for a subscription in the session that this logger has not made; they are not stored.",
    registers,
    collect() {
      this.reset();
      this.inc(strange());
    },
  });
  return {
    receipts: new Counter({
      name: "weir_logger_receipts_total",
      help: "Receipts that the broker has acknowledged.",
      registers,
    }),
    commitSeconds: new Histogram({
      name: "weir_logger_commit_seconds",
      help: "Time from a batch's arrival to the end of its commits.",
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
  };
}

function registerMessages(registry: Registry, streams: () => Iterable<Stream>): void {
  const registers = [registry];
  new Counter({
    name: "weir_logger_messages_total",
    help: "Messages by what the ledger says: new, duplicate (not stored again), beyond limits, foreign (names another publisher than the device of its topic), unsequenced, or filtered (dropped by the code filter).",
    labelNames: ["stream", "filed"],
    registers,
    collect() {
      this.reset();
      for (const { config, counts } of streams()) {
        for (const [filed, count] of Object.entries(counts.filed)) {
          if (count > 0) this.inc({ stream: config.name, filed }, count);
        }
      }
    },
  });
  new Counter({
    name: "weir_logger_rows_total",
    help: "Rows stored, by what became of their payload.",
    labelNames: ["stream", "kind", "reason"],
    registers,
    collect() {
      this.reset();
      for (const { config, counts } of streams()) {
        for (const { code, kind, reason } of OUTCOMES) {
          const count = counts.outcomes.get(code);
          if (count !== undefined) this.inc({ stream: config.name, kind, reason }, count);
        }
      }
    },
  });
  new Counter({
    name: "weir_logger_limit_reached_total",
    help: "How often a limit was reached: publishers or epochs that made room in the ledger though they were not idle, and rows whose topics were too many new ones.",
    labelNames: ["stream", "of"],
    registers,
    collect() {
      this.reset();
      for (const { config, store } of streams()) {
        for (const [of, count] of Object.entries(store.reached)) {
          this.inc({ stream: config.name, of }, count);
        }
      }
    },
  });
  perStream(registry, streams, {
    name: "weir_logger_skipped_total",
    help: "Retained messages that the stream skips, or that it has had already.",
    of: ({ counts }) => counts.skipped,
  });
}

function registerStores(registry: Registry, streams: () => Iterable<Stream>): void {
  perStream(registry, streams, {
    name: "weir_logger_pruned_rows_total",
    help: "Rows that retention removed.",
    of: ({ counts }) => counts.prunedRows,
  });
  perStream(registry, streams, {
    name: "weir_logger_pruned_files_total",
    help: "Closed segments that retention removed.",
    of: ({ counts }) => counts.prunedFiles,
  });
  perStream(registry, streams, {
    name: "weir_logger_rotations_total",
    help: "Segments that were begun while the logger ran.",
    of: ({ counts }) => counts.rotations,
  });
  perStream(registry, streams, {
    name: "weir_logger_failed_rotations_total",
    help: "Segments that could not be begun; each is tried again.",
    of: ({ counts }) => counts.failedRotations,
  });
  perStream(
    registry,
    streams,
    {
      name: "weir_logger_store_rows",
      help: "Rows in the stream's live file.",
      of: ({ store }) => store.size().rows,
    },
    Gauge,
  );
  perStream(
    registry,
    streams,
    {
      name: "weir_logger_lost_commits",
      help: "Commits that were lost to a damaged write-ahead log, as it was found at the start.",
      of: ({ store }) => store.damagedLog?.commits ?? 0,
    },
    Gauge,
  );
  perStream(
    registry,
    streams,
    {
      name: "weir_logger_store_bytes",
      help: "Size of the stream's files.",
      of: ({ store }) => store.size().bytes,
    },
    Gauge,
  );
  perStream(
    registry,
    streams,
    {
      name: "weir_logger_short_of_room",
      help: "1 while the stream's disk is all but full, and retention works with the room of the ballast.",
      of: ({ store }) => Number(store.isShortOfRoom()),
    },
    Gauge,
  );
}

function registerLosses(registry: Registry, losses: Readonly<Losses>): void {
  const registers = [registry];
  new Counter({
    name: "weir_logger_unmatched_total",
    help: "Messages on a topic that no stream asks for; they are not stored.",
    registers,
    collect() {
      this.reset();
      this.inc(losses.unmatched);
    },
  });
  new Counter({
    name: "weir_logger_dropped_total",
    help: "Messages that are larger than any that is taken, or unreadable; they are not stored.",
    registers,
    collect() {
      this.reset();
      this.inc(losses.dropped);
    },
  });
}

interface PerStream {
  name: string;
  help: string;
  of: (stream: Stream) => number;
}

/** A counter, or a gauge, with a value for each stream. */
function perStream(
  registry: Registry,
  streams: () => Iterable<Stream>,
  { name, help, of }: PerStream,
  Metric: typeof Counter | typeof Gauge = Counter,
): void {
  new Metric({
    name,
    help,
    labelNames: ["stream"],
    registers: [registry],
    collect() {
      this.reset();
      for (const stream of streams()) this.inc({ stream: stream.config.name }, of(stream));
    },
  });
}
