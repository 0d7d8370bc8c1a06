import type { Skipped, StreamPlace } from "@weir/store";
import { askSegments, positionOf, readRange, streamEnd } from "@weir/store";
import type { SegmentUse } from "./disk-files.ts";

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

/** What a topic has of the messages of the newest segments: a sample, as shares of 1. */
export interface TopicShare {
  topic: string;
  messages: number;
  bytes: number;
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
const SAMPLED_SEGMENTS_MAX = 100;
const DAY_US = 86_400_000_000;
/** A shorter span says nothing of a day. */
const SPAN_US_MIN = 60_000_000;

/**
 * Measures the rows of a stream while it is written: the first and the last one, how many came lately, and a sample of
 * the newest segments that are SQLite.
 *
 * @throws Fault when a segment cannot be read for a reason outside of it.
 */
export async function measureRows(
  place: StreamPlace,
  segments: readonly SegmentUse[],
  { nowUs, fileBytes }: { nowUs: number; fileBytes: number },
): Promise<RowUse> {
  const live = segments.filter(({ isArchived }) => !isArchived);
  const { sampled, bytes } = sampleOf(place, live, { nowUs, fileBytes });
  const end = streamEnd(place);
  // Behind the others, because it waits long for a file that another program has to itself.
  const { first, skipped } = await firstRow(place, 0);
  if (first === null || end === null) return { ...NO_ROWS, skipped };
  const recent = (await firstRow(place, nowUs - RATE_DAYS * DAY_US)).first;
  const beganUs = live[0]?.beganUs ?? 0;
  const firstLive =
    live.length === segments.length ? first : (await firstRow(place, beganUs)).first;
  return {
    reach: {
      messages: Math.max(1, end.id - first.id + 1),
      firstUs: first.us,
      lastUs: end.receivedUs ?? first.us,
      archivedMessages: (firstLive?.id ?? end.id + 1) - first.id,
    },
    rate: rateOf({
      messages: recent === null ? 0 : end.id - recent.id + 1,
      overUs: recent === null ? RATE_DAYS * DAY_US : nowUs - recent.us,
      bytesAMessage: bytes / Math.max(1, sum(sampled.map(({ messages }) => messages))),
    }),
    topics: sharesOf(sampled),
    skipped,
  };
}

function rateOf({
  messages,
  overUs,
  bytesAMessage,
}: {
  messages: number;
  overUs: number;
  bytesAMessage: number;
}): RowRate | null {
  if (overUs < SPAN_US_MIN) return null;
  const messagesADay = messages / (overUs / DAY_US);
  return {
    messagesADay,
    bytesADay: messagesADay * bytesAMessage,
    bytesAMessage,
    overMs: overUs / 1_000,
  };
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

/** The newest segments, and what they take. @param live in order. */
function sampleOf(
  place: StreamPlace,
  live: readonly SegmentUse[],
  { nowUs, fileBytes }: { nowUs: number; fileBytes: number },
): { sampled: Sampled[]; bytes: number } {
  const parameters = { rows: SAMPLE_ROWS, stretches: SAMPLE_STRETCHES };
  if (place.kind === "file") {
    const sampled = askSegments<Sampled>(place, { sql: SAMPLE, parameters, fromUs: 0 });
    return { sampled, bytes: fileBytes };
  }
  const newest = live.slice(-SAMPLED_SEGMENTS_MAX);
  const recent = newest.filter(({ beganUs }) => beganUs >= nowUs - RATE_DAYS * DAY_US);
  const chosen = recent.length > 0 ? recent : newest.slice(-1);
  const [oldest] = chosen;
  if (oldest === undefined) return { sampled: [], bytes: 0 };
  // One microsecond later, so that the segment before is not read.
  const fromUs = oldest.beganUs + CLOCK_STEP_US + 1;
  return {
    sampled: askSegments<Sampled>(place, { sql: SAMPLE, parameters, fromUs }),
    bytes: sum(chosen.map((segment) => segment.bytes)),
  };
}

/** `askSegments` reads ten minutes more, because a clock may have been set back. */
const CLOCK_STEP_US = 600_000_000;

/** Of each segment, so many rows in so many stretches, each somewhere in its part: devices may report in turn. */
const SAMPLE_ROWS = 8;
const SAMPLE_STRETCHES = 256;

interface Sampled {
  messages: number;
  /** JSON: topic, rows and bytes of payload in the sample. */
  topics: string;
}

const SAMPLE = `
WITH RECURSIVE
  ends (first, last, step) AS (
    SELECT first, last, max(@rows, (last - first + @stretches) / @stretches)
    FROM (SELECT (SELECT min(id) FROM rows) AS first, (SELECT max(id) FROM rows) AS last)
  ),
  parts (first) AS (
    SELECT first FROM ends WHERE first IS NOT NULL
    UNION ALL
    SELECT parts.first + step FROM parts, ends WHERE parts.first + step <= last
  ),
  stretches (first) AS MATERIALIZED (
    SELECT parts.first + abs(random() % (step - @rows + 1)) FROM parts, ends
  ),
  found (topic, messages, bytes) AS (
    SELECT topics.topic, count(*), sum(length(payload))
    FROM stretches CROSS JOIN rows ON rows.id BETWEEN stretches.first AND stretches.first + @rows - 1
    JOIN topics ON topics.id = rows.topic_id
    GROUP BY topics.topic
  )
SELECT coalesce(last - first + 1, 0) AS messages,
       (SELECT json_group_array(json_array(topic, messages, bytes)) FROM found) AS topics
FROM ends`;

/** What a row takes beside its payload, about: id, times, outcome, and their places in the page. */
const ROW_BYTES = 32;

function sharesOf(sampled: readonly Sampled[]): TopicShare[] {
  const shares = new Map<string, TopicShare>();
  for (const { messages, topics } of sampled) {
    const found = JSON.parse(topics) as [string, number, number][];
    const rows = sum(found.map(([, count]) => count));
    for (const [topic, count, bytes] of found) {
      const share = shares.get(topic) ?? { topic, messages: 0, bytes: 0 };
      // Each segment counts by what is in it, not by what was looked at.
      share.messages += (count * messages) / rows;
      share.bytes += ((bytes + count * ROW_BYTES) * messages) / rows;
      shares.set(topic, share);
    }
  }
  const all = [...shares.values()];
  const [messages, bytes] = [sum(all.map((one) => one.messages)), sum(all.map((one) => one.bytes))];
  return all
    .map((one) => ({
      topic: one.topic,
      messages: one.messages / messages,
      bytes: one.bytes / bytes,
    }))
    .sort((one, other) => other.bytes - one.bytes);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
