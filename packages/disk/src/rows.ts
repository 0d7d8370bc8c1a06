import type { Skipped, StreamPlace } from "@weir/store";
import { positionOf, readRange, streamEnd } from "@weir/store";
import type { SegmentUse } from "./files.ts";
import { SEGMENT_BYTES, sampleOf, type TopicShare } from "./sample.ts";

/** How many messages a stream has, by the ids of its first and its last row, and when they were received. */
interface Reach {
  messages: number;
  firstUs: number;
  lastUs: number;
  /** Those that are in archives. */
  archivedMessages: number;
}

/** How fast messages come, and what one takes in SQLite. */
interface RowRate {
  messagesADay: number;
  bytesADay: number;
  bytesAMessage: number;
  /** The span that messages were counted over, in milliseconds, up to now. */
  overMs: number;
}

/** What the rows of a stream say. `null` where there are none. */
export interface RowUse {
  reach: Reach | null;
  rate: RowRate | null;
  topics: readonly TopicShare[];
  skipped: readonly Skipped[];
}

export const NO_ROWS: RowUse = { reach: null, rate: null, topics: [], skipped: [] };

/** What is older says little about the days to come. */
const RATE_DAYS = 7;
const DAY_US = 86_400_000_000;
/** A shorter span says nothing of a day. */
const SPAN_US_MIN = 60_000_000;

/**
 * Measures the rows of a stream while it is written: the first and the last one, how many came lately, and a sample.
 *
 * @param rotationMs `null` for a stream that is one file.
 * @throws Fault when a segment cannot be read for a reason outside of it.
 */
export async function measureRows(
  place: StreamPlace,
  segments: readonly SegmentUse[],
  { nowUs, rotationMs }: { nowUs: number; rotationMs: number | null },
): Promise<RowUse> {
  const sinceUs = nowUs - RATE_DAYS * DAY_US;
  const live = segments.filter(({ isArchived }) => !isArchived);
  const { bytesAMessage, topics } = sampleOf(place, live, { sinceUs });
  // Segments are made whether or not there are messages.
  const emptyBytesADay = rotationMs === null ? 0 : (SEGMENT_BYTES * DAY_US) / (rotationMs * 1_000);
  const rate = (messages: number, beganUs: number): RowRate | null =>
    rateOf({ messages, overUs: nowUs - beganUs, bytesAMessage, emptyBytesADay });
  const end = streamEnd(place);
  // Behind the others, because it waits long for a file that another program has to itself.
  const { first, skipped } = await firstRow(place, 0);
  if (first === null || end === null) {
    const beganUs = segments[0]?.beganUs ?? nowUs;
    return { reach: null, rate: rate(0, Math.max(sinceUs, beganUs)), topics, skipped };
  }
  const recent = (await firstRow(place, sinceUs)).first;
  const isMixed = live.length < segments.length;
  const firstLive = isMixed ? (await firstRow(place, live[0]?.beganUs ?? nowUs)).first : first;
  return {
    reach: {
      messages: Math.max(1, end.id - first.id + 1),
      firstUs: first.us,
      lastUs: end.receivedUs ?? first.us,
      archivedMessages: (firstLive?.id ?? end.id + 1) - first.id,
    },
    rate: recent === null ? rate(0, sinceUs) : rate(end.id - recent.id + 1, recent.us),
    topics,
    skipped,
  };
}

function rateOf(measured: {
  messages: number;
  overUs: number;
  bytesAMessage: number;
  emptyBytesADay: number;
}): RowRate | null {
  const { messages, overUs, bytesAMessage, emptyBytesADay } = measured;
  if (overUs < SPAN_US_MIN) return null;
  const messagesADay = messages / (overUs / DAY_US);
  const bytesADay = messagesADay * bytesAMessage + emptyBytesADay;
  return { messagesADay, bytesADay, bytesAMessage, overMs: overUs / 1_000 };
}

/** The first row that was received at a time or later. */
async function firstRow(
  place: StreamPlace,
  fromUs: number,
): Promise<{ first: { id: number; us: number } | null; skipped: Skipped[] }> {
  const skipped: Skipped[] = [];
  for await (const page of readRange(place, { fromUs, limit: 1 })) {
    skipped.push(...page.skipped);
    const [row] = page.messages;
    if (row === undefined) continue;
    return { first: { id: positionOf(row.cursor).id, us: row.receivedUs }, skipped };
  }
  return { first: null, skipped };
}
