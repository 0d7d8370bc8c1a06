import { StoredSeries } from "@weir/flows";
import { type Clock, Fault, type Logger } from "@weir/runtime";
import { readCatalogue } from "@weir/series";

/** How long what the catalogue says is believed. */
const KNOWN_MS = 60_000;

/** Which series are stored, for the notes of workflows. It is read only when somebody looks at them. */
export class StoredSeriesLook {
  readonly #indexFile: string;
  readonly #streams: () => readonly string[];
  readonly #context: { clock: Clock; logger: Logger };
  #found: StoredSeries | null = null;
  #untilMs = Number.NEGATIVE_INFINITY;

  /** @param streams the names of all streams. */
  constructor(
    indexFile: string,
    streams: () => readonly string[],
    context: { clock: Clock; logger: Logger },
  ) {
    this.#indexFile = indexFile;
    this.#streams = streams;
    this.#context = context;
  }

  /** @returns `null` where there is no catalogue, or it cannot be read. */
  look(): StoredSeries | null {
    const nowMs = this.#context.clock.monotonic();
    if (nowMs < this.#untilMs) return this.#found;
    this.#untilMs = nowMs + KNOWN_MS;
    this.#found = this.#read();
    return this.#found;
  }

  #read(): StoredSeries | null {
    try {
      const catalogue = readCatalogue(this.#indexFile);
      return catalogue === null ? null : new StoredSeries(catalogue, this.#streams());
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#context.logger.debug({ err: error }, "the catalogue cannot be read");
      return null;
    }
  }
}
