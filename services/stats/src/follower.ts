import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { Statistics } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import { openReader, type StoreReader } from "@weir/store";
import { forgottenSecond, Ring } from "./ring.ts";

// How long one read holds a transaction, and how much one look at the store reads, in rows.
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

/** Follows a store with a cursor and keeps the windows over what it has read. */
export class Follower implements Disposable {
  readonly #file: string;
  #following: Following | null = null;
  // A look that ended at its limit continues with the next one, whether or not there was a commit since.
  #hasMore = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** Reads what is new, each row once. `atSecond` is the current second. */
  async follow(atSecond: number): Promise<"no store yet" | "unchanged" | "changed"> {
    if (this.#following?.reader.isCurrent() === false) this.#close();
    if (this.#following === null) {
      const reader = openReader(this.#file);
      if (reader === null) return "no store yet";
      this.#following = await rebuild(reader, atSecond);
      return "changed";
    }

    const { reader, ring, generation } = this.#following;
    const mustRebuild = !ring.covers(atSecond);
    // Also while there is no broker, so that nothing summarizes the ring.
    ring.moveTo(atSecond);
    if (!reader.hasChanged() && !this.#hasMore && !mustRebuild) return "unchanged";
    if (mustRebuild || reader.state().generation !== generation) {
      this.#following = await rebuild(reader, atSecond);
      return "changed";
    }
    return this.#readNew(this.#following);
  }

  /** The windows that end with `atSecond`, over the rows read so far; `null` before there is a store. */
  statistics(atSecond: number): Statistics | null {
    if (this.#following === null) return null;
    const { reader, ring, cursor } = this.#following;
    const lagRows = this.#hasMore ? Math.max(0, reader.state().lastId - cursor) : 0;
    return ring.statistics(atSecond, { throughId: cursor, lagRows });
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #readNew(current: Following): "unchanged" | "changed" {
    const before = current.cursor;
    this.#hasMore = true;
    for (let reads = 0; this.#hasMore && reads < READS_PER_LOOK; reads += 1) {
      const { lastId, more, readings } = current.reader.readAfter(current.cursor, ROWS_PER_READ);
      for (const { observedUs, value } of readings) {
        current.ring.add(Math.floor(observedUs / 1_000_000), value);
      }
      current.cursor = lastId;
      this.#hasMore = more;
    }
    return current.cursor === before ? "unchanged" : "changed";
  }

  #close(): void {
    this.#following?.reader[Symbol.dispose]();
    this.#following = null;
  }
}

/** Sums up what is in the store, in stretches of ids so that no read lasts long. */
async function rebuild(reader: StoreReader, atSecond: number): Promise<Following> {
  for (;;) {
    reader.hasChanged();
    const { generation, lastId } = reader.state();
    const ring = new Ring(atSecond);
    const afterSecond = forgottenSecond(atSecond);
    for (let afterId = reader.firstId() - 1; afterId < lastId; afterId += IDS_PER_SUMMARY) {
      const throughId = Math.min(afterId + IDS_PER_SUMMARY, lastId);
      for (const second of reader.summarizeSeconds({ afterId, throughId, afterSecond })) {
        ring.addAggregate(second);
      }
      await yieldToEvents();
    }
    // Rows that vanished in the meantime may have been counted, or not: then once more.
    if (reader.state().generation === generation) {
      return { reader, generation, cursor: lastId, ring };
    }
  }
}

/**
 * Looks again and again, one look at a time. All who look as often do it together, so that the process wakes
 * up once for them.
 *
 * @param options `fail` gets what a look throws, unless this was disposed of meanwhile.
 */
export function keepLooking(options: {
  intervalMs: number;
  look: () => Promise<void>;
  fail: (fault: unknown) => void;
  clock: Clock;
}): Disposable {
  const { intervalMs, look, fail, clock } = options;
  let timer: Disposable | null = null;
  let isStopped = false;

  async function lookOnce(): Promise<void> {
    try {
      await look();
    } catch (fault) {
      if (!isStopped) fail(fault);
    }
    if (!isStopped) lookLater();
  }

  function lookLater(): void {
    const waitMs = intervalMs - (clock.monotonic() % intervalMs);
    // A timer may be early: it would find the same moment again.
    const isNear = waitMs < intervalMs / 4;
    timer = clock.schedule(isNear ? waitMs + intervalMs : waitMs, () => void lookOnce());
  }

  lookLater();
  return {
    [Symbol.dispose]: () => {
      isStopped = true;
      timer?.[Symbol.dispose]();
    },
  };
}
