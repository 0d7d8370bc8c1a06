import { filtersOverlap } from "@weir/protocol";
import { type Clock, Fault, type HealthCheck, type Logger } from "@weir/runtime";
import type { RowPosition } from "@weir/store";
import type { StreamConfig } from "@weir/streams";
import type { Delivery } from "./delivery.ts";
import { StreamFeed } from "./stream-feed.ts";

/** A stream that may be followed, and what it stores. */
export type FedStream = Pick<
  StreamConfig,
  "name" | "place" | "decoder" | "timeZone" | "series" | "statistics" | "historyMs" | "filters"
>;

/** Rows between two looks at the time. */
const ROWS_PER_LOOK = 32;
/** A stream that cannot be read is tried again after this. */
const RETRY_MS = 1_000;

interface FeedOptions {
  indexFile: string;
  /** How far ahead of reception an observation may lie, in microseconds. */
  skewUs: number;
  /** Up to which row each stream was taken by an earlier process. */
  positions: ReadonlyMap<string, RowPosition>;
  delivery: Delivery;
  check: HealthCheck;
  clock: Clock;
  logger: Logger;
}

/** The streams that somebody listens to: their rows, in the order of reception as far as they are there. */
export class Feed implements Disposable {
  readonly #options: FeedOptions;
  readonly #saved: Map<string, RowPosition>;
  #feeds: StreamFeed[] = [];
  /** Streams that cannot be read now, and when they are tried again. */
  readonly #failing = new Map<StreamFeed, number>();
  /** Rows that were delivered since the last `moved`. */
  rows = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#saved = new Map(options.positions);
    options.check.pass();
  }

  /** Follows the streams that somebody listens to, and no others. Those that were followed before go on. */
  follow(streams: readonly FedStream[]): void {
    const { delivery, indexFile, skewUs, clock, logger } = this.#options;
    const wanted = streams.filter(({ name, filters }) =>
      delivery.filtersOf(name).some((one) => filters.some((other) => filtersOverlap(one, other))),
    );
    const before = new Map(this.#feeds.map((feed) => [feed.name, feed]));
    this.#feeds = wanted.map((stream) => {
      const { name } = stream;
      const known = before.get(name);
      before.delete(name);
      if (known?.isOf(stream) === true) return known;
      const after = known?.position ?? this.#saved.get(name) ?? null;
      known?.[Symbol.dispose]();
      const useOf = (topic: string) => delivery.useOf(name, topic);
      return new StreamFeed({ stream, indexFile, skewUs, after, useOf, clock, logger });
    });
    for (const feed of before.values()) feed[Symbol.dispose]();
    for (const feed of this.#failing.keys()) if (!this.#feeds.includes(feed)) this.#recover(feed);
  }

  /** Delivers rows up to a time of `performance.now`. @returns whether there are more. */
  take(untilMs: number): boolean {
    const open = new Set(this.#feeds);
    for (let count = 1; ; count += 1) {
      let next: StreamFeed | null = null;
      let isComplete = true;
      for (const feed of open) {
        if (feed.headUs === null && !this.#look(feed)) open.delete(feed);
        const { headUs } = feed;
        // It has more, of which nothing was wanted so far.
        if (headUs === null) isComplete = isComplete && !open.has(feed);
        else if (next === null || headUs < (next.headUs ?? 0)) next = feed;
      }
      if (isComplete && next !== null) this.#deliver(next);
      else if (open.size === 0) return false;
      if (count % ROWS_PER_LOOK === 0 && performance.now() >= untilMs) return true;
    }
  }

  /** Up to when all rows are taken; `null` where no stream is followed. */
  freshMs(): number | null {
    if (this.#feeds.length === 0) return null;
    return Math.min(...this.#feeds.map(({ freshMs }) => freshMs));
  }

  lagRows(): number {
    return this.#feeds.reduce((sum, { lagRows }) => sum + lagRows, 0);
  }

  /** Up to where each stream was taken, for those that have moved; `null` for one that is no longer followed. */
  moved(): Map<string, RowPosition | null> {
    this.rows = 0;
    const moved = new Map<string, RowPosition | null>();
    const left = new Set(this.#saved.keys());
    for (const { name, position } of this.#feeds) {
      left.delete(name);
      const saved = this.#saved.get(name);
      if (position === null) continue;
      if (saved?.segment === position.segment && saved.id === position.id) continue;
      moved.set(name, position);
      this.#saved.set(name, position);
    }
    for (const name of left) {
      moved.set(name, null);
      this.#saved.delete(name);
    }
    return moved;
  }

  [Symbol.dispose](): void {
    for (const feed of this.#feeds) feed[Symbol.dispose]();
  }

  /** @returns whether there may be more. A stream that cannot be read holds up no other. */
  #look(feed: StreamFeed): boolean {
    const { clock, check, logger } = this.#options;
    if (clock.monotonic() < (this.#failing.get(feed) ?? 0)) return false;
    try {
      const hasMore = feed.look();
      this.#recover(feed);
      return hasMore;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (!this.#failing.has(feed)) {
        const { remedy } = error;
        logger.error({ stream: feed.name, remedy }, `workflows cannot read it: ${error.message}`);
      }
      this.#failing.set(feed, clock.monotonic() + RETRY_MS);
      check.fail(`the stream ${feed.name} cannot be read: ${error.message}`);
      return false;
    }
  }

  #recover(feed: StreamFeed): void {
    if (this.#failing.delete(feed) && this.#failing.size === 0) this.#options.check.pass();
  }

  #deliver(feed: StreamFeed): void {
    const row = feed.take();
    if (row !== null && this.#options.delivery.deliver(feed.name, row)) this.rows += 1;
  }
}
