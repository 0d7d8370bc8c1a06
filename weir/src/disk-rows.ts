import type { Skipped, StreamPlace } from "@weir/store";
import { askSegments, positionOf, readRange, streamEnd } from "@weir/store";
import type { SegmentUse } from "./disk-files.ts";

/** How many messages a stream has, by the ids of its first and its last row, and when they were received. */
interface Reach {
  messages: number;
  firstUs: number;
  lastUs: number;
}

/** How fast messages come, and what one takes. */
interface RowRate {
  messagesADay: number;
  bytesADay: number;
  bytesAMessage: number;
  /** The span that it was measured over, in milliseconds, up to now. */
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

/** The newest segments that a rate is measured by; what is older says little about the days to come. */
const RATE_DAYS = 7;
const RATE_SEGMENTS_MAX = 100;
const DAY_US = 86_400_000_000;
/** A shorter span says nothing of a day. */
const SPAN_US_MIN = 60_000_000;

/**
 * Measures the rows of a stream while it is written: the first and the last one, and the newest segments.
 *
 * @throws Fault when a segment cannot be read for a reason outside of it.
 */
export async function measureRows(
  place: StreamPlace,
  segments: readonly SegmentUse[],
  { nowUs, fileBytes }: { nowUs: number; fileBytes: number },
): Promise<RowUse> {
  const newest = segments.filter(({ isArchived }) => !isArchived).slice(-RATE_SEGMENTS_MAX);
  const recent = newest.filter(({ beganUs }) => beganUs >= nowUs - RATE_DAYS * DAY_US);
  const chosen = recent.length > 0 ? recent : newest.slice(-1);
  const sampled = askSegments<Sampled>(place, {
    sql: SAMPLE,
    parameters: { rows: SAMPLE_ROWS, stretches: SAMPLE_STRETCHES },
    // One microsecond later, so that the segment before is not read.
    fromUs: (chosen[0]?.beganUs ?? 0) + CLOCK_STEP_US + 1,
  });
  // Behind them, because it waits long for a file that another program has to itself.
  const { reach, skipped } = await readReach(place);
  const bytes = place.kind === "file" ? fileBytes : sum(chosen.map((segment) => segment.bytes));
  const beganUs = place.kind === "file" ? reach?.firstUs : chosen[0]?.beganUs;
  const messages = sum(sampled.map((segment) => segment.messages));
  return {
    reach,
    rate: rateOf({ messages, bytes, overUs: nowUs - (beganUs ?? nowUs) }),
    topics: sharesOf(sampled),
    skipped,
  };
}

/** `askSegments` reads ten minutes more, because a clock may have been set back. */
const CLOCK_STEP_US = 600_000_000;

function rateOf(measured: { messages: number; bytes: number; overUs: number }): RowRate | null {
  const { messages, bytes, overUs } = measured;
  if (overUs < SPAN_US_MIN) return null;
  const days = overUs / DAY_US;
  return {
    messagesADay: messages / days,
    bytesADay: messages === 0 ? 0 : bytes / days,
    bytesAMessage: messages === 0 ? 0 : bytes / messages,
    overMs: overUs / 1_000,
  };
}

async function readReach(place: StreamPlace): Promise<{ reach: Reach | null; skipped: Skipped[] }> {
  const skipped: Skipped[] = [];
  for await (const page of readRange(place, { limit: 1 })) {
    skipped.push(...page.skipped);
    const first = page.messages[0];
    if (first === undefined) continue;
    const end = streamEnd(place);
    const { id } = positionOf(first.cursor);
    const reach = {
      messages: Math.max(1, (end?.id ?? id) - id + 1),
      firstUs: first.receivedUs,
      lastUs: end?.receivedUs ?? first.receivedUs,
    };
    return { reach, skipped };
  }
  return { reach: null, skipped };
}

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
