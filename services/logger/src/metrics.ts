import { createHistogram } from "node:perf_hooks";
import { OUTCOMES } from "@weir/protocol";
import { Counter, Gauge, Histogram, type Registry } from "@weir/runtime";
import type { StreamStore } from "@weir/store";
import type { LockWaits } from "./lock-waits.ts";
import type { Stream, StreamCounts } from "./stream.ts";

/** A value, and its labels beside the name of the stream. */
type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>];

/** Over all streams. */
const TOTALS = [
  ["unmatched", "Messages on a topic that no stream takes; they are not stored."],
  ["dropped", "Messages that are too large or unreadable; they are not stored."],
  [
    "strange",
    "Messages of a subscription that another client has made in the session; they are not stored.",
  ],
  [
    "lost",
    "Messages that the broker has dropped for this logger, as far as it notices; they never came.",
  ],
  ["receipts", "Receipts that the broker has acknowledged."],
] as const;

const STREAM_TOTALS: [name: string, help: string, count: (counts: StreamCounts) => number][] = [
  [
    "skipped",
    "Retained messages that the stream skips, or has stored already.",
    ({ skipped }) => skipped,
  ],
  ["pruned_rows", "Rows that retention removed.", ({ prunedRows }) => prunedRows],
  ["pruned_files", "Closed segments that retention removed.", ({ prunedFiles }) => prunedFiles],
  ["rotations", "Segments that were started while the logger ran.", ({ rotations }) => rotations],
  [
    "failed_rotations",
    "Segments that could not be started; each is tried again.",
    ({ failedRotations }) => failedRotations,
  ],
];

const STREAM_GAUGES: [name: string, help: string, value: (store: StreamStore) => number][] = [
  ["store_rows", "Rows in the stream's live file.", (store) => store.size().rows],
  ["store_bytes", "Size of the stream's files.", (store) => store.size().bytes],
  [
    "lost_commits",
    "Commits that were lost because the write-ahead log was damaged at the start.",
    ({ damagedLog }) => damagedLog?.commits ?? 0,
  ],
  [
    "short_of_room",
    "1 while the stream's disk is almost full, and retention works with the space of the ballast.",
    (store) => Number(store.isShortOfSpace()),
  ],
];

/**
 * Registers the metrics. They are read from the counts when a client asks: counting with labels costs
 * more than storing a row. Labels are names of streams and words of fixed lists.
 */
export function registerMetrics(
  registry: Registry,
  {
    streams,
    counts,
    locks,
  }: { streams: () => Iterable<Stream>; counts: LoggerCounts; locks: LockWaits },
): void {
  const registers = [registry];

  for (const [name, help] of TOTALS) {
    new Counter({
      name: `weir_logger_${name}_total`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(counts[name]);
      },
    });
  }

  function perStream(
    Metric: typeof Counter | typeof Gauge,
    name: string,
    help: string,
    samplesOf: (stream: Stream) => Iterable<Sample>,
    labelNames: readonly string[] = [],
  ): void {
    new Metric({
      name: `weir_logger_${name}`,
      help,
      labelNames: ["stream", ...labelNames],
      registers,
      collect() {
        this.reset();
        for (const stream of streams()) {
          for (const [value, labels] of samplesOf(stream)) {
            this.inc({ stream: stream.config.name, ...labels }, value);
          }
        }
      },
    });
  }

  perStream(
    Counter,
    "messages_total",
    "Messages by what the ledger says: new, duplicate (not stored again), beyond limits, foreign (names another publisher than the device of its topic), unsequenced, or filtered (dropped by the code filter).",
    ({ counts: { filed } }) =>
      Object.entries(filed)
        .filter(([, count]) => count > 0)
        .map(([word, count]) => [count, { filed: word }]),
    ["filed"],
  );
  perStream(
    Counter,
    "rows_total",
    "Rows stored, by the outcome of their payload.",
    ({ counts: { outcomes } }) =>
      OUTCOMES.filter(({ code }) => outcomes.has(code)).map(({ code, kind, reason }) => [
        outcomes.get(code) ?? 0,
        { kind, reason },
      ]),
    ["kind", "reason"],
  );
  perStream(
    Counter,
    "limit_reached_total",
    "How often a limit was reached: publishers or epochs that the ledger dropped though they were not idle, and rows beyond the limit of new topics.",
    ({ store }) => Object.entries(store.reached).map(([of, count]) => [count, { of }]),
    ["of"],
  );
  perStream(
    Gauge,
    "waits_for_lock",
    "1 while nothing is written to the stream's store because another program has a write transaction open on it.",
    ({ config }) => [[Number(locks.isWaiting(config.name))]],
  );
  for (const [name, help, count] of STREAM_TOTALS) {
    perStream(Counter, `${name}_total`, help, ({ counts }) => [[count(counts)]]);
  }
  for (const [name, help, value] of STREAM_GAUGES) {
    perStream(Gauge, name, help, ({ store }) => [[value(store)]]);
  }
}

/** What the logger counts over all streams, since the start of the process. */
export type LoggerCounts = ReturnType<typeof createLoggerCounts>;

export function createLoggerCounts(registry: Registry) {
  return {
    dropped: 0,
    unmatched: 0,
    strange: 0,
    lost: 0,
    receipts: 0,
    /** How many messages were committed together, in the current interval of the performance report. */
    batches: createHistogram(),
    commitSeconds: new Histogram({
      name: "weir_logger_commit_seconds",
      help: "Time from a batch's arrival to the end of its commits.",
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
      registers: [registry],
    }),
  };
}
