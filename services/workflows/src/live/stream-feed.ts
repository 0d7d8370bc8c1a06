import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Engine } from "@weir/flows";
import type { Clock, Logger } from "@weir/runtime";
import {
  comparePositions,
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

/** Rows that are read once more at most for what families remember. */
const MEMORY_ROWS_MAX = 100_000;

/** After so long in which it could not be read, a stream no longer holds up timers. */
const HELD_UP_MS_MAX = 10_000;

/** Before the first row of a stream. */
const BEGINNING: RowPosition = { segment: "", id: 0 };

/** What a row is wanted for. */
export interface TopicUse {
  /** Who listens to the topic; `null` for nobody. */
  targets: ReturnType<Engine["dispatch"]["targetsOf"]>;
  /** It is a birth or a will that somebody listens to. */
  isPresence: boolean;
  /** Its payload has to be read, also for what it says of other topics. */
  isRead: boolean;
}

/** A row whose turn has come. */
export interface TakenRow {
  message: StoredMessage;
  /** `null` where the row is no longer wanted. */
  use: TopicUse | null;
  /** `null` where nobody needs its points. */
  reading: Reading | null;
}

interface FeedOptions {
  stream: StoredStream;
  indexFile: string;
  /** How far ahead of reception an observation may lie, in microseconds. */
  skewUs: number;
  /** Behind which row it begins; `null`: behind what is stored already. */
  after: RowPosition | null;
  useOf: (topic: string) => TopicUse | null;
  clock: Clock;
  logger: Logger;
}

/** Reads one stream on, row by row, as far as rows are wanted. */
export class StreamFeed implements Disposable {
  readonly #options: FeedOptions;
  readonly #reader: SeriesReader;
  #rows: StreamFollower | null = null;
  #memory: StreamMemory | null = null;
  #position: RowPosition | null;
  #page: StoredMessage[] = [];
  #next = 0;
  #through: RowPosition | null = null;
  #freshMs = Number.NEGATIVE_INFINITY;
  /** Since when it is tried to read it in vain, by the monotonic clock; `null` where it was read. */
  #inVainMs: number | null = null;
  lagRows = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#position = options.after;
    this.#reader = openSeriesReader(options.stream, options.skewUs);
  }

  get name(): string {
    return this.#options.stream.name;
  }

  /** Whether it reads this stream, as it is configured now. */
  isOf(stream: StoredStream): boolean {
    return isDeepStrictEqual(stream, this.#options.stream);
  }

  /** Up to which row all was taken; `null` where that is not known yet. */
  get position(): RowPosition | null {
    return this.#position;
  }

  /** Up to when all was taken, in milliseconds since the epoch. */
  get freshMs(): number {
    const { clock } = this.#options;
    const inVainMs = this.#inVainMs;
    const isHeldUp = inVainMs !== null && clock.monotonic() - inVainMs > HELD_UP_MS_MAX;
    return isHeldUp ? clock.now() : this.#freshMs;
  }

  /** When the row was received that comes next, in microseconds since the epoch; `null` where none is read. */
  get headUs(): number | null {
    return this.#page[this.#next]?.receivedUs ?? null;
  }

  /** Reads on where everything was taken. @returns whether there may be more than that. */
  look(): boolean {
    if (this.#next < this.#page.length) return true;
    const { clock, logger } = this.#options;
    this.#inVainMs ??= clock.monotonic();
    if (this.#rows === null && !this.#begin()) return false;
    const lookMs = clock.now();
    const found = this.#rows?.step();
    if (found?.kind !== "busy") this.#inVainMs = null;
    switch (found?.kind) {
      case "rows": {
        const { messages, file, throughId, lagRows } = found.rows;
        const segment = basename(file);
        this.lagRows = lagRows;
        this.#page = messages.filter(({ topic }) => this.#options.useOf(topic) !== null);
        this.#next = 0;
        this.#through = { segment, id: throughId };
        const last = messages.at(-1);
        if (this.#page.length === 0) {
          this.#moveTo(this.#through);
          if (last !== undefined) this.#freshMs = last.receivedUs / 1_000;
        }
        return true;
      }
      case "skipped":
        logger.warn(
          { stream: this.name, ...found.skipped },
          "a segment cannot be read: workflows go on behind it",
        );
        return true;
      case "gone":
        this.#jump();
        return false;
      case "busy":
      case undefined:
        return false;
      case "unchanged":
      case "nothing yet":
        this.#freshMs = lookMs;
        this.lagRows = 0;
        return false;
    }
  }

  /** The next row, if it is wanted; `null` for one that only told something of others. */
  take(): TakenRow | null {
    const message = this.#page[this.#next];
    if (message === undefined) return null;
    this.#next += 1;
    const position = positionOf(message.cursor);
    const isNew = this.#position === null || comparePositions(this.#position, position) < 0;
    const use = this.#options.useOf(message.topic);
    const reading =
      use?.isRead === true
        ? // It is there before anything is read.
          this.#reader.read(message, (this.#memory as StreamMemory).at(position))
        : null;
    if (this.#next === this.#page.length) {
      this.#page = [];
      this.#next = 0;
      this.#moveTo(this.#through ?? position);
    } else {
      this.#moveTo(position);
    }
    if (!isNew) return null;
    this.#freshMs = message.receivedUs / 1_000;
    return { message, use, reading };
  }

  [Symbol.dispose](): void {
    this.#rows?.[Symbol.dispose]();
  }

  #moveTo(position: RowPosition): void {
    if (this.#position === null || comparePositions(this.#position, position) < 0)
      this.#position = position;
  }

  /** Begins where what the families remember is complete, if that is not too far behind. */
  #begin(): boolean {
    const { stream, indexFile } = this.#options;
    this.#position ??= this.#end();
    const position = this.#position;
    if (position === null) return false;
    const saved = readProgress(indexFile).get(stream.name) ?? null;
    this.#memory = readMemory(indexFile, stream.name);
    const isBehind =
      saved !== null &&
      comparePositions(saved, position) < 0 &&
      position.id - saved.id <= MEMORY_ROWS_MAX;
    this.#follow(isBehind ? saved : position);
    return true;
  }

  #follow(after: RowPosition): void {
    const { stream, clock } = this.#options;
    this.#rows?.[Symbol.dispose]();
    this.#rows = followStream({
      place: stream.place,
      after: after.segment === BEGINNING.segment ? null : after,
      monotonicMs: clock.monotonic,
    });
  }

  /** Where the stream ends; `null` where that cannot be read now. */
  #end(): RowPosition | null {
    const { place, name } = this.#options.stream;
    const end = streamEnd(place);
    if (end !== null) return { segment: end.segment, id: end.id };
    return newestFileOf(place, name) === null ? BEGINNING : null;
  }

  /** What was to come next is gone: goes on at the end. */
  #jump(): void {
    const end = this.#end();
    // It cannot be read now: the next look tries it again.
    if (end === null) return;
    this.#position = end;
    this.#page = [];
    this.#next = 0;
    this.#follow(end);
    this.#options.logger.warn(
      { stream: this.name },
      "stored messages were removed before workflows had read them: they go on with what is stored from now on",
    );
  }
}
