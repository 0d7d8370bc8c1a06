import { setImmediate as yieldToEvents } from "node:timers/promises";
import { type Statistics, WINDOWS, type WindowDetail } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import { openReader, type StoreReader, type StoreState } from "@weir/store";
import { createRing, type Ring, type RingOptions, type WindowSummary } from "./ring.ts";

/** What became of a look at the store. */
export type Followed = "no store yet" | "unchanged" | "changed";

/** Follows a store with a cursor and keeps the windows over what it has read. */
export interface Follower extends Disposable {
  /** Reads what is new, each row once. `atSecond` is the current second. */
  follow(atSecond: number): Promise<Followed>;
  /** The windows that end with `atSecond`, over the rows read so far; `null` before there is a store. */
  statistics(atSecond: number): Statistics | null;
}

// What one read holds a transaction for, and what one look at the store reads at most.
const ROWS_PER_READ = 10_000;
const READS_PER_LOOK = 20;
const IDS_PER_SUMMARY = 200_000;

/** Everything that belongs to one open file. */
interface Following {
  reader: StoreReader;
  generation: number;
  cursor: number;
  ring: Ring;
}

export function createFollower(file: string): Follower {
  let following: Following | null = null;
  // A look that ended at its limit goes on with the next one, whether or not there was a commit since.
  let hasMore = false;

  async function follow(atSecond: number): Promise<Followed> {
    if (following !== null && !following.reader.isCurrent()) close();
    if (following === null) {
      const reader = openReader(file);
      if (reader === null) return "no store yet";
      following = await rebuild(reader, atSecond);
      return "changed";
    }

    const { reader, ring } = following;
    const mustRebuild = !ring.covers(atSecond);
    // Also while nobody asks for windows, because there is no broker.
    ring.moveTo(atSecond);
    if (!reader.hasChanged() && !hasMore && !mustRebuild) return "unchanged";
    if (mustRebuild || reader.state().generation !== following.generation) {
      following = await rebuild(reader, atSecond);
      return "changed";
    }
    return readNew(following);
  }

  function readNew(current: Following): Followed {
    const before = current.cursor;
    hasMore = true;
    for (let reads = 0; hasMore && reads < READS_PER_LOOK; reads += 1) {
      const { lastId, more, readings } = current.reader.readAfter(current.cursor, ROWS_PER_READ);
      for (const { observedUs, value } of readings) {
        current.ring.add(Math.floor(observedUs / 1_000_000), value);
      }
      current.cursor = lastId;
      hasMore = more;
    }
    return current.cursor === before ? "unchanged" : "changed";
  }

  function close(): void {
    following?.reader[Symbol.dispose]();
    following = null;
  }

  return {
    follow,
    statistics: (atSecond) => {
      if (following === null) return null;
      const { reader, ring, cursor } = following;
      const lagRows = hasMore ? Math.max(0, reader.state().lastId - cursor) : 0;
      return composeStatistics(ring.summarize(atSecond), {
        at: atSecond,
        throughId: cursor,
        lagRows,
      });
    },
    [Symbol.dispose]: close,
  };
}

/** Sums up what is in the store, in stretches of ids so that no read lasts long. */
async function rebuild(reader: StoreReader, atSecond: number): Promise<Following> {
  for (;;) {
    reader.hasChanged();
    const start: StoreState = reader.state();
    const ring = createRing(RING, atSecond);
    const afterSecond = forgottenSecond(atSecond);
    for (let afterId = reader.firstId() - 1; afterId < start.lastId; afterId += IDS_PER_SUMMARY) {
      const throughId = Math.min(afterId + IDS_PER_SUMMARY, start.lastId);
      for (const second of reader.summarizeSeconds({ afterId, throughId, afterSecond })) {
        ring.addAggregate(second);
      }
      await yieldToEvents();
    }
    // Rows that vanished in the meantime may have been counted, or not: then once more.
    if (reader.state().generation === start.generation) {
      return { reader, generation: start.generation, cursor: start.lastId, ring };
    }
  }
}

export interface LookingOptions {
  intervalMs: number;
  look: () => Promise<void>;
  /** Gets what a look throws. A look that is under way when this is disposed of has nothing more to say. */
  fail: (fault: unknown) => void;
  clock: Clock;
}

/** Looks again and again, one look at a time. */
export function keepLooking({ intervalMs, look, fail, clock }: LookingOptions): Disposable {
  let isBusy = false;
  let isStopped = false;

  async function lookOnce(): Promise<void> {
    isBusy = true;
    try {
      await look();
    } catch (fault) {
      if (!isStopped) fail(fault);
    } finally {
      isBusy = false;
    }
  }

  const timer = clock.repeat(intervalMs, () => {
    if (!isBusy) void lookOnce();
  });
  return {
    [Symbol.dispose]: () => {
      isStopped = true;
      timer[Symbol.dispose]();
    },
  };
}

type Position = Pick<Statistics, "at" | "throughId" | "lagRows">;

/** The payload of `STATS`, out of the summaries of the windows in their order. */
export function composeStatistics(
  summaries: readonly WindowSummary[],
  position: Position,
): Statistics {
  const [one, five, thirty] = WINDOWS.map((_, index) => summaries[index]);
  if (one === undefined || five === undefined || thirty === undefined) {
    throw new TypeError(`${WINDOWS.length} windows expected, not ${summaries.length}`);
  }
  return {
    avg_1min: one.average,
    avg_5min: five.average,
    avg_30min: thirty.average,
    ...position,
    windows: { "1min": detail(one), "5min": detail(five), "30min": detail(thirty) },
  };
}

function detail({ count, min, max, ageSeconds }: WindowSummary): WindowDetail {
  return { count, min, max, ageSeconds };
}

/** The buckets that the windows of statistics are made of. */
export const RING: RingOptions = {
  spansSeconds: WINDOWS.map(({ spanSeconds }) => spanSeconds),
  slackSeconds: 120,
  aheadSeconds: 3_600,
};

/** The newest second whose readings no window needs that ends with `atSecond` or a little earlier. */
export function forgottenSecond(atSecond: number): number {
  return atSecond - Math.max(...RING.spansSeconds) - RING.slackSeconds;
}
