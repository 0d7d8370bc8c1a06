import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { Statistics } from "@weir/messages";
import { createRing, type Ring } from "@weir/rolling";
import { openReader, type StoreReader, type StoreState } from "@weir/store";
import { composeStatistics } from "./statistics.ts";
import { forgottenSecond, RING } from "./windows.ts";

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
