import { basename } from "node:path";
import type { Clock, Logger } from "@weir/runtime";
import {
  comparePositions,
  concernsOtherTopics,
  Pace,
  type Reading,
  readMemory,
  readProgress,
  type SeriesReader,
  type StreamMemory,
} from "@weir/series";
import {
  followStream,
  newestFileOf,
  positionOf,
  type RowPosition,
  type StoredMessage,
  type StreamFollower,
  streamEnd,
} from "@weir/store";
import { openSeriesReader, type StoredStream } from "@weir/streams";
import { catchUp } from "./catch-up.ts";
import { Targets, type WantedSeries } from "./targets.ts";

/** Rows that a page or the follower itself may be behind; beyond that they go on at the end. */
const ROWS_BEHIND_MAX = 100_000;
/** So long the follower may take to get to the end. */
const BEHIND_MS_MAX = 30_000;
/** So long one look reads at most. */
const LOOK_MS_MAX = 50;
/** Topics of which it is remembered whether they concern others. */
const TOPICS_MAX = 20_000;

/** A page, as far as it wants points of one stream. */
export interface PointsListener {
  wanted: WantedSeries;
  /** Topic filters of which each row with these series matches one; empty where they are not known. */
  filters: readonly string[];
  /** Behind which row its points begin; `null` is before the first one, "now" behind what is stored already. */
  after: RowPosition | null | "now";
  /** Takes a point. @param text time and value, as JSON without brackets. */
  take(index: number, text: string): void;
  /** The points of a row were taken; `positionIn` includes it. */
  settle(): void;
  /** Sends what was taken, and resolves when the client has read most of it. */
  keepUp(): Promise<void>;
  /** Points were left out, or are wrong by now; they go on. */
  reset(reason: string): void;
}

interface FollowerOptions {
  stream: StoredStream;
  indexFile: string;
  /** How far ahead of reception an observation may lie, in microseconds. */
  skewUs: number;
  clock: Clock;
  logger: Logger;
}

/** One listener, and the row up to which it has, or does not need, all points. */
interface Subscription {
  listener: PointsListener;
  state: "new" | "catching up" | "live";
  through: RowPosition | null;
}

/** Follows one stream for all who want points of it. Each row is read once, and only if it may have such points. */
export class PointsFollower implements Disposable {
  readonly #options: FollowerOptions;
  readonly #reader: SeriesReader;
  readonly #subscriptions = new Map<PointsListener, Subscription>();
  readonly #targets = new Targets<Subscription>();
  readonly #concerning = new Map<string, boolean>();
  #rows: StreamFollower | null = null;
  #memory: StreamMemory | null = null;
  #through: RowPosition | null = null;
  /** When it was at the end of the stream. */
  #atEndMs = 0;
  #isLooking = false;
  #isClosed = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#reader = openSeriesReader(options.stream, options.skewUs);
  }

  get isWanted(): boolean {
    return this.#subscriptions.size > 0;
  }

  /** Points go to a listener from the next look on. */
  join(listener: PointsListener): void {
    const through = listener.after === "now" ? null : listener.after;
    const subscription: Subscription = { listener, state: "new", through };
    this.#subscriptions.set(listener, subscription);
    this.#targets.add(listener.wanted, subscription);
  }

  leave(listener: PointsListener): void {
    const subscription = this.#subscriptions.get(listener);
    if (subscription === undefined) return;
    this.#subscriptions.delete(listener);
    this.#targets.remove(listener.wanted, subscription);
  }

  /** Up to which row a listener has all points; `null` before the first row, `undefined` where it is not known yet. */
  positionOf(listener: PointsListener): RowPosition | null | undefined {
    const subscription = this.#subscriptions.get(listener);
    if (subscription === undefined) return undefined;
    const { state, through } = subscription;
    if (state === "new" && listener.after === "now") return undefined;
    return state === "live" && isBefore(through, this.#through) ? this.#through : through;
  }

  /** Tells every listener that points are missing or wrong. They go on at the end of the stream. */
  reset(reason: string): void {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.state !== "new") this.#reset(subscription, reason);
    }
  }

  /** Reads what is new, for a short time. One look at a time. */
  async look(): Promise<void> {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    try {
      if (this.#rows === null && !this.#begin()) return;
      this.#admit();
      await this.#readOn();
    } finally {
      this.#isLooking = false;
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#rows?.[Symbol.dispose]();
  }

  /** Where the stream ends; `undefined` where that cannot be read now. */
  #end(): RowPosition | null | undefined {
    const { place, name } = this.#options.stream;
    const end = streamEnd(place);
    return end === null && newestFileOf(place, name) !== null ? undefined : end;
  }

  /** Begins where the saved memory ends, so that it is complete from there on. */
  #begin(): boolean {
    const { stream, indexFile } = this.#options;
    const end = this.#end();
    if (end === undefined) return false;
    const saved = readProgress(indexFile).get(stream.name) ?? null;
    this.#memory = readMemory(indexFile, stream.name);
    this.#follow(saved !== null && isWithin(saved, end) ? saved : end);
    return true;
  }

  #follow(after: RowPosition | null): void {
    const { stream, clock } = this.#options;
    this.#rows?.[Symbol.dispose]();
    this.#rows = followStream({ place: stream.place, after, monotonicMs: clock.monotonic });
    this.#through = after;
    this.#atEndMs = clock.monotonic();
  }

  /** Leaves out what lies before the end. */
  #jump(reason: string): void {
    const end = this.#end();
    // It cannot be read now: the next look tries it again.
    if (end === undefined) return;
    this.#follow(end);
    this.reset(reason);
  }

  #reset(subscription: Subscription, reason: string, through = this.#through): void {
    subscription.through = through;
    subscription.state = "live";
    subscription.listener.reset(reason);
  }

  async #readOn(): Promise<void> {
    const { monotonic } = this.#options.clock;
    const startMs = performance.now();
    const pace = new Pace();
    if (monotonic() - this.#atEndMs > BEHIND_MS_MAX) this.#jump("reading took too long");
    while (!this.#isClosed && performance.now() - startMs < LOOK_MS_MAX) {
      const found = this.#rows?.step();
      switch (found?.kind) {
        case "rows": {
          const { messages, file, throughId, lagRows } = found.rows;
          await this.#read(messages, pace);
          this.#through = { segment: basename(file), id: throughId };
          if (lagRows > ROWS_BEHIND_MAX) this.#jump("too much was stored at once");
          break;
        }
        case "skipped":
          break;
        case "gone":
          this.#jump("stored messages were removed");
          break;
        case "busy":
        case undefined:
          return;
        case "unchanged":
        case "nothing yet":
          this.#atEndMs = monotonic();
          return;
      }
    }
  }

  async #read(messages: readonly StoredMessage[], pace: Pace): Promise<void> {
    const settled: Subscription[] = [];
    for (const message of messages) {
      if (!this.#targets.has(message.topic) && !this.#concernsOthers(message.topic)) continue;
      const position = positionOf(message.cursor);
      const reading = this.#readingOf(message, position);
      this.#targets.deliver(reading, (subscription, index, text) => {
        if (subscription.state !== "live" || !isBefore(subscription.through, position)) return;
        subscription.listener.take(index, text);
        settled.push(subscription);
      });
      this.#through = position;
      for (const { listener } of settled.splice(0)) listener.settle();
      await pace.breathe();
      if (this.#isClosed) return;
    }
  }

  #readingOf(message: StoredMessage, position: RowPosition): Reading {
    // It is there before anything is read.
    return this.#reader.read(message, (this.#memory as StreamMemory).at(position));
  }

  #concernsOthers(topic: string): boolean {
    const known = this.#concerning.get(topic);
    if (known !== undefined) return known;
    if (this.#concerning.size >= TOPICS_MAX) this.#concerning.clear();
    const concerns = concernsOtherTopics(topic);
    this.#concerning.set(topic, concerns);
    return concerns;
  }

  /** Brings new listeners to where the stream is read. */
  #admit(): void {
    const isNew = ({ state }: Subscription) => state === "new";
    const admitted = [...this.#subscriptions.values()].filter(isNew);
    if (admitted.length === 0) return;
    const end = this.#end();
    if (end === undefined) return;
    for (const subscription of admitted) {
      const { after } = subscription.listener;
      subscription.state = "live";
      if (after === "now") subscription.through = end;
      else if (!isWithin(after, end))
        this.#reset(subscription, "the page was away for too long", end);
      else if (isBefore(after, this.#through)) void this.#catchUp(subscription);
    }
  }

  async #catchUp(subscription: Subscription): Promise<void> {
    subscription.state = "catching up";
    const goesOn = (): boolean =>
      subscription.state === "catching up" &&
      this.#subscriptions.get(subscription.listener) === subscription;
    try {
      // What comes while it reads is read once more.
      while (goesOn() && isBefore(subscription.through, this.#through)) {
        await this.#readFor(subscription, goesOn);
      }
      if (goesOn()) subscription.state = "live";
    } catch (error) {
      const { logger, stream } = this.#options;
      logger.warn({ err: error, stream: stream.name }, "a page could not be brought up to date");
      if (goesOn()) this.#reset(subscription, "stored messages cannot be read");
    }
  }

  async #readFor(subscription: Subscription, goesOn: () => boolean): Promise<void> {
    const { listener, through } = subscription;
    const targets = new Targets<PointsListener>();
    targets.add(listener.wanted, listener);
    const from = { behind: through, filters: listener.filters };
    const steps = catchUp(this.#options.stream.place, from, (message) => {
      if (!goesOn()) return;
      if (!targets.has(message.topic) && !this.#concernsOthers(message.topic)) return;
      const position = positionOf(message.cursor);
      targets.deliver(this.#readingOf(message, position), (to, index, text) =>
        to.take(index, text),
      );
      subscription.through = position;
      listener.settle();
    });
    for await (const reached of steps) {
      if (!goesOn()) return;
      if (reached === "removed") {
        this.#reset(subscription, "stored messages were removed");
        return;
      }
      subscription.through = reached;
      await listener.keepUp();
    }
  }
}

function isBefore(one: RowPosition | null, other: RowPosition | null): boolean {
  if (one === null || other === null) return one === null && other !== null;
  return comparePositions(one, other) < 0;
}

/** Whether a position lies before the end, and not too far: ids go on from segment to segment. */
function isWithin(position: RowPosition | null, end: RowPosition | null): boolean {
  if (isBefore(end, position)) return false;
  return (end?.id ?? 0) - (position?.id ?? 0) <= ROWS_BEHIND_MAX;
}
