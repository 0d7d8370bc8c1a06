import { z } from "zod";
import { jsonOf } from "./outside-text.ts";
import { isName } from "./topics.ts";

const count = z.int().nonnegative();
const range = z.tuple([count, count]);

/** The most ranges that one entry of a receipt or an announcement carries. */
export const RANGES_MAX = 64;

/** The most entries that one receipt or announcement carries. */
export const ENTRIES_MAX = 256;

/** What a receipt or an announcement says of each epoch and topic. */
function entriesWith<S extends z.ZodRawShape>(shape: S) {
  const key = { epoch: z.string().refine(isName), topic: z.string() };
  return z.array(z.object({ ...key, ...shape })).max(ENTRIES_MAX);
}

/**
 * The payload of `weir/receipt/<publisher>`: which messages of this publisher are committed. It is cumulative:
 * only the newest one counts.
 */
const receiptPayload = z.object({
  /** Epoch seconds. */
  at: z.int(),
  entries: entriesWith({
    /** Every message up to this one is committed. */
    through: count,
    /** And those in these ranges, both ends included, ascending. */
    ranges: z.array(range).max(RANGES_MAX),
  }),
});

export type Receipt = z.infer<typeof receiptPayload>;
export type ReceiptEntry = Receipt["entries"][number];

/** The payload of `weir/publisher/<publisher>`: the messages that an outbox has accepted, sent and abandoned. */
const announcementPayload = z.object({
  /** Epoch seconds. */
  at: z.int(),
  entries: entriesWith({
    /** The last seq that was assigned. */
    accepted: count,
    /** The oldest one that is still in the outbox; `accepted + 1` when none is. */
    oldestUnsent: count,
    /** Not sent any more: too old, or refused by the broker again and again. */
    abandoned: z.array(range).max(RANGES_MAX),
  }),
});

export type Announcement = z.infer<typeof announcementPayload>;
export type AnnouncementEntry = Announcement["entries"][number];

/** Reads a receipt; `null` for anything else. */
export function parseReceipt(payload: Buffer): Receipt | null {
  return parse(receiptPayload, payload);
}

/** Reads an announcement; `null` for anything else. */
export function parseAnnouncement(payload: Buffer): Announcement | null {
  return parse(announcementPayload, payload);
}

/** The windows that statistics are published for: the field of the average and its span in seconds. */
export const WINDOWS = [
  { name: "1min", average: "avg_1min", spanSeconds: 60 },
  { name: "5min", average: "avg_5min", spanSeconds: 300 },
  { name: "30min", average: "avg_30min", spanSeconds: 1_800 },
] as const;

/** The longest window in seconds. */
export const WINDOW_SECONDS_MAX = 1_800;

const average = z.number().nullable();
const windowDetail = z.object({
  count,
  min: z.number().nullable(),
  max: z.number().nullable(),
  ageSeconds: z.number().nullable(),
  /** Of a counter: by how much it grew. */
  increase: z.number().optional(),
  /** Of a state: how often it changed, and the share of the time in which it was 1. */
  transitions: count.optional(),
  share: z.number().nullable().optional(),
});

/** The payload of `STATS`. The averages stand first and unchanged from the old system; an empty window is `null`. */
const statisticsPayload = z.object({
  avg_1min: average,
  avg_5min: average,
  avg_30min: average,
  /** The whole epoch second S at which every window ends, itself included. */
  at: z.int(),
  /** The newest stored row in these windows. */
  throughId: count,
  /** Committed rows that are not read yet; above 0 only while stats catches up. */
  lagRows: count,
  windows: z.object({ "1min": windowDetail, "5min": windowDetail, "30min": windowDetail }),
});

export type Statistics = z.infer<typeof statisticsPayload>;
export type WindowDetail = z.infer<typeof windowDetail>;

/** Reads a payload of `STATS`; `null` for anything else, such as the three averages of the old system alone. */
export function parseStatistics(payload: Buffer): Statistics | null {
  return parse(statisticsPayload, payload);
}

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

function parse<T>(schema: z.ZodType<T>, payload: Buffer): T | null {
  const parsed = schema.safeParse(jsonOf(payload));
  return parsed.success ? parsed.data : null;
}
