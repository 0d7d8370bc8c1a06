import { askSegments, type StreamPlace } from "@weir/store";
import type { SegmentUse } from "./files.ts";

/** What a topic has of the messages of the newest segments: a sample, as shares of 1. */
export interface TopicShare {
  topic: string;
  messages: number;
  bytes: number;
}

/** What a sample of the newest messages says. */
export interface Sample {
  /** What a message takes in SQLite. */
  bytesAMessage: number;
  topics: readonly TopicShare[];
}

/** A segment without messages: its tables and their indexes. */
export const SEGMENT_BYTES = 40_960;

const SEGMENTS_MAX = 100;
/** `askSegments` reads ten minutes more, because a clock may have been set back. */
const CLOCK_STEP_US = 600_000_000;

/**
 * Looks at some messages of the newest segments that are SQLite: those that were begun since a time, or the last one.
 *
 * @param live in order.
 * @throws Fault when a segment cannot be read for a reason outside of it.
 */
export function sampleOf(
  place: StreamPlace,
  live: readonly SegmentUse[],
  { sinceUs }: { sinceUs: number },
): Sample {
  const newest = live.slice(-SEGMENTS_MAX);
  const chosen = newest.find(({ beganUs }) => beganUs >= sinceUs) ?? newest.at(-1);
  if (place.kind === "folder" && chosen === undefined) return { bytesAMessage: 0, topics: [] };
  const sampled = askSegments<Sampled>(place, {
    sql: SAMPLE,
    parameters: { rows: SAMPLE_ROWS, stretches: SAMPLE_STRETCHES },
    // One microsecond later, so that the segment before is not read.
    fromUs: chosen === undefined ? 0 : chosen.beganUs + CLOCK_STEP_US + 1,
  });
  return summaryOf(sampled);
}

/** Of each segment, so many rows in so many stretches, each somewhere in its part: devices may report in turn. */
const SAMPLE_ROWS = 8;
const SAMPLE_STRETCHES = 256;

/** What was looked at of one segment. */
interface Sampled {
  messages: number;
  /** Of the pages in use. */
  bytes: number;
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
       (page_count - freelist_count) * page_size AS bytes,
       (SELECT json_group_array(json_array(topic, messages, bytes)) FROM found) AS topics
FROM ends, pragma_page_count, pragma_freelist_count, pragma_page_size`;

/** What a row takes beside its payload, about: id, times, outcome, and their places in the page. */
const ROW_BYTES = 32;

function summaryOf(sampled: readonly Sampled[]): Sample {
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
  const messages = sum(all.map((one) => one.messages));
  const bytes = sum(all.map((one) => one.bytes));
  if (messages === 0) return { bytesAMessage: 0, topics: [] };
  const usedBytes = sum(sampled.map((one) => Math.max(0, one.bytes - SEGMENT_BYTES)));
  return {
    // In a segment of a few messages the empty pages hide what these take.
    bytesAMessage: Math.max(usedBytes, bytes) / messages,
    topics: all
      .map(({ topic, ...one }) => ({
        topic,
        messages: one.messages / messages,
        bytes: one.bytes / bytes,
      }))
      .sort((one, other) => other.bytes - one.bytes),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
