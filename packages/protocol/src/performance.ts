import { z } from "zod";

const count = z.int().nonnegative();
const ratio = z.number().min(0).max(1);
const perSecond = z.number().nonnegative();

const streamPerformance = z.object({
  /** Messages since the start, and per second in the last interval. */
  messages: count,
  messagesPerSecond: perSecond,
  /** Rows written since the start. */
  rows: count,
  /** Known to the ledger, dropped by the code filter, and retained ones that are skipped. */
  duplicates: count,
  filtered: count,
  skipped: count,
  /** Stored without a reading, because the payload is wrong. */
  rejected: count,
  /** Bytes of payload since the start. */
  bytes: count,
  /** The part of the last interval that this stream's messages took. */
  busyRatio: ratio,
  /** How old the newest reading was when it arrived, in seconds; `null` before there is one. */
  lagSeconds: z.number().nullable(),
  /** Size of the live file and of its write-ahead log. */
  fileBytes: count,
  walBytes: count,
});

/** The payload of `weir/service/logger/performance`. Sums count from the start of the process. */
export const loggerPerformance = z.object({
  /** Epoch seconds. */
  at: z.int(),
  /** How long the last interval was. */
  intervalSeconds: z.number().positive(),
  messages: count,
  messagesPerSecond: perSecond,
  bytes: count,
  /** The part of the last interval that the process worked; the rest it waited. */
  busyRatio: ratio,
  idleRatio: ratio,
  /** How long commits took in the last interval, in milliseconds; `null` when there was none. */
  commitMs: z.object({ p50: z.number(), p99: z.number() }).nullable(),
  /** Messages that were committed together in the last interval. */
  batch: z.object({ mean: z.number().nonnegative(), max: count }),
  /** Packets beyond the size limit, and messages on topics of no stream: not stored. */
  dropped: count,
  unmatched: count,
  /** Resident memory of the process. */
  rssBytes: count,
  streams: z.record(z.string(), streamPerformance),
});

export type LoggerPerformance = z.infer<typeof loggerPerformance>;
export type StreamPerformance = z.infer<typeof streamPerformance>;
