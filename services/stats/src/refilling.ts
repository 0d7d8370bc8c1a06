import { basename } from "node:path";
import {
  comparePositions,
  type Refill,
  type SeriesReader,
  type StreamCatalogue,
} from "@weir/series";
import { followStream, rowIdOf, type StreamFollower, type StreamPlace } from "@weir/store";

interface RefillingOptions {
  refill: Refill;
  place: StreamPlace;
  /** Of its own: readers are for rows in their order. */
  reader: SeriesReader;
  catalogue: StreamCatalogue;
  monotonicMs: () => number;
}

/** Reads the rows of a damaged file of points once more, as far as they are still there. */
export class Refilling implements Disposable {
  readonly refill: Refill;
  readonly #options: RefillingOptions;
  readonly #stream: StreamFollower;
  #isDone = false;

  constructor(options: RefillingOptions) {
    const { refill, place, monotonicMs } = options;
    this.#options = options;
    this.refill = refill;
    this.#stream = followStream({ place, after: refill.after, monotonicMs });
  }

  /** Whether there is nothing more to read. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** One step of reading; false when there is nothing to read for now. */
  step(): boolean {
    if (this.#isDone) return false;
    const found = this.#stream.step();
    switch (found.kind) {
      case "rows":
        this.#take(found.rows);
        return true;
      case "skipped":
        return true;
      case "busy":
        return false;
      case "gone":
      case "unchanged":
      case "nothing yet":
        this.#isDone = true;
        return false;
    }
  }

  [Symbol.dispose](): void {
    this.#stream[Symbol.dispose]();
  }

  #take({ messages, file, throughId }: RowsOfStep): void {
    const { reader, catalogue } = this.#options;
    const { through } = this.refill;
    const segment = basename(file);
    const isBehind = (id: number) =>
      through !== null && comparePositions({ segment, id }, through) > 0;
    for (const message of messages) {
      const id = rowIdOf(message.cursor);
      if (isBehind(id)) break;
      const { topic, points } = reader.read(message, catalogue.memory.at({ segment, id }));
      for (const { path, observedUs, value } of points) {
        this.refill.add(topic, path, observedUs, value);
      }
    }
    this.#isDone = isBehind(throughId + 1);
  }
}

type RowsOfStep = Extract<ReturnType<StreamFollower["step"]>, { kind: "rows" }>["rows"];
