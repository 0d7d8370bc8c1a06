import { statSync } from "node:fs";
import { createHistogram, performance } from "node:perf_hooks";
import type { ReconnectingClient } from "@weir/mqtt";
import type { LoggerPerformance, StreamPerformance } from "@weir/protocol";
import type { Clock, Logger } from "@weir/runtime";
import { rowsOf, rowsOfKind, type StreamCounts } from "../stream/counts.ts";
import type { Stream } from "../stream/stream.ts";
import { liveFileOf } from "../stream/streams.ts";
import type { Losses } from "./metrics.ts";

/** Publishes what the logger has done, again and again. */
interface PerformanceReport extends Disposable {
  /** Notes what one connection committed together. */
  note(messages: number): void;
  /** Goes on at another interval. */
  setInterval(intervalMs: number): void;
}

interface PerformanceOptions {
  topic: string;
  intervalMs: number;
  streams: () => Iterable<Stream>;
  /** Packets and messages that were not stored, since the start. */
  losses: Readonly<Losses>;
  client: () => Pick<ReconnectingClient, "publish"> | null;
  clock: Clock;
  logger: Logger;
}

/** The sums at the end of the interval before. */
interface Before {
  atMs: number;
  messages: Map<string, number>;
  busyMs: Map<string, number>;
}

const NANOSECONDS_PER_MS = 1e6;

export function startPerformanceReport(options: PerformanceOptions): PerformanceReport {
  const { topic, streams, losses, client, clock, logger } = options;
  let batches = createHistogram();
  let utilization = performance.eventLoopUtilization();
  let before: Before = { atMs: clock.monotonic(), messages: new Map(), busyMs: new Map() };
  let timer = clock.repeat(options.intervalMs, report);

  function compose(): LoggerPerformance {
    const nowMs = clock.monotonic();
    const spanMs = Math.max(1, nowMs - before.atMs);
    const last = before;
    before = { atMs: nowMs, messages: new Map(), busyMs: new Map() };
    const described: Record<string, StreamPerformance> = {};
    const commitNs = createHistogram();
    let messages = 0;
    let recent = 0;
    let bytes = 0;
    for (const stream of streams()) {
      const { name } = stream.config;
      const { counts } = stream;
      described[name] = describeStream(stream, last, spanMs);
      before.messages.set(name, counts.messages);
      before.busyMs.set(name, counts.busyMs);
      messages += counts.messages;
      recent += counts.messages - (last.messages.get(name) ?? 0);
      bytes += counts.bytes;
      if (counts.commitNs.count > 0) commitNs.add(counts.commitNs);
      counts.commitNs.reset();
    }
    const current = performance.eventLoopUtilization();
    const busyRatio = bounded(performance.eventLoopUtilization(current, utilization).utilization);
    utilization = current;
    const gathered = batches;
    batches = createHistogram();
    return {
      at: Math.floor(clock.now() / 1_000),
      intervalSeconds: round(spanMs / 1_000),
      messages,
      messagesPerSecond: round((recent / spanMs) * 1_000),
      bytes,
      busyRatio,
      idleRatio: round(1 - busyRatio),
      commitMs: percentiles(commitNs),
      batch: {
        mean: gathered.count === 0 ? 0 : round(gathered.mean),
        max: gathered.count === 0 ? 0 : gathered.max,
      },
      ...losses,
      rssBytes: process.memoryUsage.rss(),
      streams: described,
    };
  }

  function report(): void {
    const composed = compose();
    logger.debug({ performance: composed }, "performance");
    const to = client();
    if (to === null) return;
    to.publish(topic, JSON.stringify(composed), { qos: 0, retain: true }).catch(
      (error: unknown) => {
        // The client says why it has no broker; the next report says everything again.
        logger.debug({ err: error }, "performance not published");
      },
    );
  }

  return {
    note: (messages) => {
      if (messages > 0) batches.record(messages);
    },
    setInterval: (intervalMs) => {
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
  const { name } = config;
  const file = liveFileOf(store, config);
  return {
    messages: counts.messages,
    messagesPerSecond: round(((counts.messages - (last.messages.get(name) ?? 0)) / spanMs) * 1_000),
    rows: rowsOf(counts),
    duplicates: counts.filed.duplicate,
    filtered: counts.filed.filtered,
    skipped: counts.skipped,
    rejected: rowsOfKind(counts, "rejected"),
    bytes: counts.bytes,
    busyRatio: bounded((counts.busyMs - (last.busyMs.get(name) ?? 0)) / spanMs),
    lagSeconds: lagSeconds(counts),
    fileBytes: bytesOf(file),
    walBytes: bytesOf(`${file}-wal`),
  };
}

function lagSeconds({ lagUs }: StreamCounts): number | null {
  return lagUs === null ? null : round(lagUs / 1e6);
}

function percentiles(histogram: ReturnType<typeof createHistogram>): LoggerPerformance["commitMs"] {
  if (histogram.count === 0) return null;
  const ms = (percentile: number): number =>
    round(histogram.percentile(percentile) / NANOSECONDS_PER_MS);
  return { p50: ms(50), p99: ms(99) };
}

/** The size of a file in bytes; 0 for one that is not there. */
function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function bounded(ratio: number): number {
  return round(Math.min(1, Math.max(0, ratio)));
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
