import { Fault, type ServiceContext } from "@weir/runtime";
import {
  type CataloguedSeries,
  type Device,
  deviceOf,
  formatSeries,
  readCatalogue,
} from "@weir/series";
import type { Series } from "../contract/series.ts";
import { fileStamp } from "./file-stamp.ts";

/** A series of the catalogue, with its full name and the device that it belongs to. */
export interface ListedSeries extends CataloguedSeries {
  /** `stream:topic#path`. */
  series: string;
  belongsTo: Device;
}

/** The catalogue is read once in this time at most. */
const READ_EVERY_MS = 1_000;
/** A large catalogue is read less often: reading it takes one part in so many of the time. */
const READING_SHARE = 20;

/** The series of all streams as they were saved last, for everybody who asks. */
export class SeriesCatalogue {
  readonly #indexFile: string;
  readonly #context: Pick<ServiceContext, "clock" | "logger">;
  #all: readonly ListedSeries[] = [];
  #byName: ReadonlyMap<string, ListedSeries> = new Map();
  #stamp = "";
  /** Why it could not be read, where it never could. */
  #fault: Fault | null = null;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(indexFile: string, context: Pick<ServiceContext, "clock" | "logger">) {
    this.#indexFile = indexFile;
    this.#context = context;
  }

  /**
   * All series, in the order of stream, topic and path: the same list until something has changed. Where the catalogue
   * cannot be read now, it is as it was before.
   *
   * @throws Fault where it could not be read before either.
   */
  all(): readonly ListedSeries[] {
    this.#refresh();
    return this.#all;
  }

  /** The series of a full name; `null` where there is none. @throws Fault as `all`. */
  byName(name: string): ListedSeries | null {
    this.#refresh();
    return this.#byName.get(name) ?? null;
  }

  #refresh(): void {
    const { clock, logger } = this.#context;
    const beganMs = clock.monotonic();
    if (beganMs < this.#notBeforeMs) {
      if (this.#fault !== null) throw this.#fault;
      return;
    }
    this.#notBeforeMs = beganMs + READ_EVERY_MS;
    // Taken before reading, which may make an empty -wal: what is written meanwhile is read the next time.
    const stamp = `${fileStamp(this.#indexFile)} ${fileStamp(`${this.#indexFile}-wal`)}`;
    if (stamp === this.#stamp) return;
    try {
      this.#take(readCatalogue(this.#indexFile) ?? []);
      this.#stamp = stamp;
      this.#fault = null;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (this.#stamp === "") {
        this.#fault = error;
        throw error;
      }
      logger.warn({ err: error }, "the catalogue of series cannot be read: an older one is shown");
    }
    const tookMs = clock.monotonic() - beganMs;
    this.#notBeforeMs = beganMs + Math.max(READ_EVERY_MS, tookMs * READING_SHARE);
  }

  #take(found: readonly CataloguedSeries[]): void {
    const byName = new Map<string, ListedSeries>();
    for (const one of found) {
      const series = formatSeries(one);
      const known = this.#byName.get(series);
      // Finding out takes longer than all the rest.
      const belongsTo = known?.device === one.device ? known.belongsTo : deviceOf(one);
      byName.set(series, { ...one, series, belongsTo });
    }
    this.#byName = byName;
    this.#all = [...byName.values()];
  }
}

/** A series as the API describes it. */
export function toContract({
  series,
  stream,
  topic,
  path,
  belongsTo,
  firstUs,
  newestUs,
  receivedUs,
  ...rest
}: ListedSeries): Series {
  const { name, unit, class: deviceClass, kind, family, points, newestValue, intervalMs } = rest;
  return {
    series,
    stream,
    topic,
    path,
    device: { id: belongsTo.id, name: belongsTo.name },
    name,
    unit,
    class: deviceClass,
    kind,
    family,
    points,
    firstMs: firstUs / 1_000,
    newestMs: newestUs / 1_000,
    receivedMs: receivedUs / 1_000,
    newestValue,
    intervalMs,
  };
}
