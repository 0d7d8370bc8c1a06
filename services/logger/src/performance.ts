import { statSync } from "node:fs";
import { createHistogram, performance, type RecordableHistogram } from "node:perf_hooks";
import type { ReconnectingClient } from "@weir/mqtt";
import { type LoggerPerformance, OUTCOMES, type StreamPerformance } from "@weir/protocol";
import type { Clock, Logger } from "@weir/runtime";
import type { LoggerCounts } from "./metrics.ts";
import type { Stream, StreamCounts } from "./stream.ts";
import { liveFileOf } from "./streams.ts";

interface PerformanceOptions {
  topic: string;
  intervalMs: number;
  streams: () => Iterable<Stream>;
  counts: LoggerCounts;
  /** `null` while there is no broker to publish to. */
  client: () => Pick<ReconnectingClient, "publish"> | null;
  clock: Clock;
  logger: Logger;
}

/** What a stream had counted at the end of the interval before. */
type Before = Pick<StreamCounts, "messages" | "busyMs">;

const NOTHING: Before = { messages: 0, busyMs: 0 };

const NANOSECONDS_PER_MS = 1e6;
const REJECTED = OUTCOMES.filter(({ kind }) => kind === "rejected").map(({ code }) => code);

/** Publishes the logger's performance, once in each interval. */
export function startPerformanceReport(options: PerformanceOptions) {
  const { topic, streams, counts, client, clock, logger } = options;
  let utilization = performance.eventLoopUtilization();
  let beforeMs = clock.monotonic();
  let before = new Map<string, Before>();
  let timer = clock.repeat(options.intervalMs, report);

  function compose(): LoggerPerformance {
    const nowMs = clock.monotonic();
    const spanMs = Math.max(1, nowMs - beforeMs);
    beforeMs = nowMs;
    const now = new Map<string, Before>();
    const described: Record<string, StreamPerformance> = {};
    const commitNs = createHistogram();
    let messages = 0;
    let recent = 0;
    let bytes = 0;
    for (const stream of streams()) {
      const { name } = stream.config;
      const last = before.get(name) ?? NOTHING;
      described[name] = describeStream(stream, last, spanMs);
      const own = stream.counts;
      now.set(name, { messages: own.messages, busyMs: own.busyMs });
      messages += own.messages;
      recent += own.messages - last.messages;
      bytes += own.bytes;
      if (own.commitNs.count > 0) commitNs.add(own.commitNs);
      own.commitNs.reset();
    }
    before = now;
    const current = performance.eventLoopUtilization();
    const busyRatio = ratio(performance.eventLoopUtilization(current, utilization).utilization);
    utilization = current;
    const { batches, dropped, unmatched } = counts;
    const batch =
      batches.count === 0 ? { mean: 0, max: 0 } : { mean: round(batches.mean), max: batches.max };
    batches.reset();
    return {
      at: Math.floor(clock.now() / 1_000),
      intervalSeconds: round(spanMs / 1_000),
      messages,
      messagesPerSecond: round((recent / spanMs) * 1_000),
      bytes,
      busyRatio,
      idleRatio: round(1 - busyRatio),
      commitMs: percentiles(commitNs),
      batch,
      dropped,
      unmatched,
      rssBytes: process.memoryUsage.rss(),
      streams: described,
    };
  }

  function report(): void {
    const composed = compose();
    logger.debug({ performance: composed }, "performance");
    client()
      ?.publish(topic, JSON.stringify(composed), { qos: 0, retain: true })
      .catch((error: unknown) => {
        // The client logs why it has no broker; the next report has the sums of this one, too.
        logger.debug({ err: error }, "performance not published");
      });
  }

  return {
    setInterval: (intervalMs: number): void => {
      timer[Symbol.dispose]();
      timer = clock.repeat(intervalMs, report);
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}

function describeStream(
  { config, store, counts }: Stream,
  last: Before,
  spanMs: number,
): StreamPerformance {
  const { messages, filed, outcomes, skipped, bytes, busyMs, lagUs } = counts;
  const file = liveFileOf(store, config);
  return {
    messages,
    messagesPerSecond: round(((messages - last.messages) / spanMs) * 1_000),
    rows: sum(outcomes.values()),
    duplicates: filed.duplicate,
    filtered: filed.filtered,
    skipped,
    rejected: sum(REJECTED.map((code) => outcomes.get(code) ?? 0)),
    bytes,
    busyRatio: ratio((busyMs - last.busyMs) / spanMs),
    lagSeconds: lagUs === null ? null : round(lagUs / 1e6),
    fileBytes: bytesOf(file),
    walBytes: bytesOf(`${file}-wal`),
  };
}

function percentiles(histogram: RecordableHistogram): LoggerPerformance["commitMs"] {
  if (histogram.count === 0) return null;
  const ms = (percentile: number): number =>
    round(histogram.percentile(percentile) / NANOSECONDS_PER_MS);
  return { p50: ms(50), p99: ms(99) };
}

/** The size of a file in bytes; 0 for one that is missing. */
function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Measuring may take it a little beyond 0 or 1. */
function ratio(value: number): number {
  return round(Math.min(1, Math.max(0, value)));
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function sum(numbers: Iterable<number>): number {
  return Iterator.from(numbers).reduce((total, one) => total + one, 0);
}
