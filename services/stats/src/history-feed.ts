import {
  comparePositions,
  type HistoryWriter,
  type Path,
  type Progress,
  type Reading,
  STREAM_SERIES_MAX,
} from "@weir/series";
import type { RowPosition } from "@weir/store";

interface HistoryFeedOptions {
  /** The file of a stream that is one file; `null` for one with segments. */
  onlySegment: string | null;
  /** Whether more points may wait to be written. */
  hasRoom: () => boolean;
  onTaken: (points: number) => void;
}

/**
 * Gives the points of a stream to its history, each row once. The rows come from the pass that all of stats shares
 * while that gives each row behind those which were taken (`isLive`), and from a backfill while it does not.
 */
export class HistoryFeed {
  readonly #options: HistoryFeedOptions;
  /** `null` until the history is open: before, nothing is taken. */
  #writer: HistoryWriter | null = null;
  /** The row that was taken last; `null` where none was. */
  #taken: Progress | null = null;
  /** Up to where rows were looked at. */
  #reached: RowPosition | null = null;
  #isLive = false;
  /** Where the history has to begin again, as soon as that is possible. */
  #rewindTo: Progress | null = null;
  /** Series of a backfill that the catalogue does not have, by topic and path. */
  readonly #strangers = new Set<string>();
  /** Points of series for which there was no place. */
  turnedAway = 0;

  constructor(options: HistoryFeedOptions) {
    this.#options = options;
  }

  /** From now on, points are given to this writer. */
  open(writer: HistoryWriter): void {
    this.#writer = writer;
    this.#taken = writer.through;
    this.#reached = this.#taken;
  }

  /** The row that was taken last, whether or not its points are written; `null` for none. */
  get progress(): Progress | null {
    return this.#rewindTo ?? this.#taken;
  }

  /** Up to where rows were looked at; `null` for nowhere yet. */
  get reached(): RowPosition | null {
    return this.#reached;
  }

  /** Whether the shared pass gives each row that comes next. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Whether it can take rows: it is open, and need not begin again elsewhere. */
  get isReady(): boolean {
    return this.#writer !== null && this.#rewindTo === null;
  }

  /** The shared pass gives each row behind this position: takes them from it, unless rows before them are missing. */
  join(through: RowPosition | null): void {
    if (this.isReady && !isBefore(this.#reached, through)) this.#isLive = true;
  }

  /** The shared pass ends, or begins again elsewhere. */
  leave(): void {
    this.#isLive = false;
  }

  /** The stream ends before the rows that were taken: an older copy of it is in its place. */
  rewind(to: Progress): void {
    this.#isLive = false;
    this.#rewindTo = to;
  }

  /** The file of the stream is another one: its rows count from the first one on. */
  restart(): void {
    const segment = this.#options.onlySegment;
    if (segment !== null) this.rewind({ segment, id: 0, receivedUs: 0 });
  }

  /**
   * Does what `rewind` asked for, after what waits was written.
   *
   * @throws what SQLite and the disk throw; then it is still to be done.
   */
  async beginAgain(): Promise<void> {
    const to = this.#rewindTo;
    if (to === null || this.#writer === null) return;
    await this.#writer.flush();
    await this.#writer.rewind(to);
    this.#taken = to;
    this.#reached = to;
    if (this.#rewindTo === to) this.#rewindTo = null;
  }

  /** Everything up to this position was looked at, also where the last rows are no more. */
  cover(position: RowPosition): void {
    if (isBefore(this.#reached, position)) this.#reached = position;
  }

  /**
   * Takes the points of a row, unless they were taken before. Where too many wait to be written, it leaves the pass: a
   * backfill reads the row again.
   *
   * @param known the series of the reading's topic in the catalogue.
   * @returns false where it has left.
   */
  take(
    { topic, points }: Reading,
    known: ReadonlyMap<Path, unknown> | undefined,
    row: Progress,
  ): boolean {
    if (!isBefore(this.#reached, row)) return true;
    const { hasRoom, onTaken } = this.#options;
    const writer = this.#writer;
    if (writer === null || !this.isReady || !hasRoom()) {
      this.#isLive = false;
      return false;
    }
    for (const { path, observedUs, value } of points) {
      if (known?.has(path) || this.#admit(topic, path)) writer.add(topic, path, observedUs, value);
      else this.turnedAway += 1;
    }
    writer.pass(row);
    this.#taken = row;
    this.#reached = row;
    onTaken(points.length);
    return true;
  }

  /** Old rows may have series that the catalogue does not have any more; there is a limit to these, too. */
  #admit(topic: string, path: Path): boolean {
    if (this.#isLive) return false;
    const name = `${topic}\0${path}`;
    if (this.#strangers.size < STREAM_SERIES_MAX) this.#strangers.add(name);
    return this.#strangers.has(name);
  }
}

/** `null` is before every row. */
export function isBefore(one: RowPosition | null, other: RowPosition | null): boolean {
  if (other === null) return false;
  return one === null || comparePositions(one, other) < 0;
}
