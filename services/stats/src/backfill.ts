import { basename } from "node:path";
import { comparePositions, type SeriesReader, type StreamCatalogue } from "@weir/series";
import {
  followStream,
  type RowPosition,
  rowIdOf,
  type Skipped,
  type StoredMessage,
  type StreamFollower,
  type StreamPlace,
} from "@weir/store";
import { type HistoryFeed, isBefore } from "./history-feed.ts";

interface BackfillOptions {
  place: StreamPlace;
  /** Of its own: readers are for rows in their order. */
  reader: SeriesReader;
  catalogue: StreamCatalogue;
  feed: HistoryFeed;
  /** The pass that all of stats shares. */
  shared: () => { through: RowPosition | null; isGapless: boolean };
  monotonicMs: () => number;
  onRows: (rows: number) => void;
  onSkipped: (skipped: Skipped) => void;
}

/** How far a backfill has come. */
export interface BackfillProgress {
  /** Rows that were read since it began. */
  rows: number;
  /** Committed rows of the segment that is being read that were not looked at yet. */
  lagRows: number;
  /** When its first row and its newest one were received, in microseconds since the epoch. */
  firstUs: number;
  receivedUs: number;
}

/**
 * Reads the rows that the history of a stream lacks, from where it is on, until it has reached the shared pass. Then
 * that pass gives the rest.
 */
export class Backfill implements Disposable {
  readonly #options: BackfillOptions;
  #stream: StreamFollower | null = null;
  #progress: BackfillProgress | null = null;
  /** The segment that was read last. */
  #segment: string | null = null;

  constructor(options: BackfillOptions) {
    this.#options = options;
  }

  /** `null` while the history needs none. */
  get progress(): BackfillProgress | null {
    return this.#progress;
  }

  /** One step of reading; false when there is nothing to read for now. */
  step(): boolean {
    const { feed, shared } = this.#options;
    if (!feed.isReady) {
      this.#end();
      return false;
    }
    if (!feed.isLive) {
      const { through, isGapless } = shared();
      if (through === null) return false;
      if (isBefore(feed.reached, through)) return this.#read(through);
      if (isGapless) feed.join(through);
    }
    if (feed.isLive) this.#end();
    return false;
  }

  [Symbol.dispose](): void {
    this.#end();
  }

  #end(): void {
    this.#close();
    this.#progress = null;
  }

  #close(): void {
    this.#stream?.[Symbol.dispose]();
    this.#stream = null;
    this.#segment = null;
  }

  #read(through: RowPosition): boolean {
    const { place, monotonicMs, feed, onSkipped } = this.#options;
    this.#stream ??= followStream({ place, after: feed.reached, monotonicMs });
    const found = this.#stream.step();
    switch (found.kind) {
      case "rows": {
        const { messages, file, throughId, lagRows } = found.rows;
        this.#segment = basename(file);
        const isRead = this.#take(messages, through);
        if (isRead) feed.cover(earlier({ segment: this.#segment, id: throughId }, through));
        // It has read further than it took, or something was in the way.
        if (!isRead || !isBefore(feed.reached, through)) this.#close();
        if (this.#progress !== null) this.#progress.lagRows = lagRows;
        return isRead;
      }
      case "skipped":
        onSkipped(found.skipped);
        return true;
      case "gone": {
        const segment = this.#segment ?? "";
        const reason = "it was removed before its points were kept";
        onSkipped({ segment, kind: "removed", reason });
        this.#close();
        return false;
      }
      case "unchanged":
        // The rows up to there were removed meanwhile: there is nothing more to read in this segment.
        if (this.#segment === through.segment) feed.cover(through);
        return false;
      case "busy":
      case "nothing yet":
        return false;
    }
  }

  /** Takes the rows up to a position. @returns false where the history has no room for them now. */
  #take(messages: readonly StoredMessage[], through: RowPosition): boolean {
    const { reader, catalogue, feed, onRows } = this.#options;
    const segment = this.#segment ?? "";
    let rows = 0;
    let hasRoom = true;
    for (const message of messages) {
      const { receivedUs } = message;
      const row = { segment, id: rowIdOf(message.cursor), receivedUs };
      if (comparePositions(row, through) > 0) break;
      const reading = reader.read(message, catalogue.memory.at(row));
      hasRoom = feed.take(reading, catalogue.seriesOf(reading.topic), row);
      if (!hasRoom) break;
      rows += 1;
      this.#progress ??= { rows: 0, lagRows: 0, firstUs: receivedUs, receivedUs };
      this.#progress.receivedUs = receivedUs;
    }
    if (this.#progress !== null) this.#progress.rows += rows;
    onRows(rows);
    return hasRoom;
  }
}

function earlier(one: RowPosition, other: RowPosition): RowPosition {
  return comparePositions(one, other) < 0 ? one : other;
}
