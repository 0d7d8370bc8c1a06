import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { BrokerLink } from "@weir/mqtt";
import { type Clock, Fault, type Logger } from "@weir/runtime";
import { readProgress } from "@weir/series";
import { streamEnd } from "@weir/store";
import type { StoredStream } from "@weir/streams";
import type { Status } from "../contract/status.ts";
import type { PerformanceReport } from "../sources/logger-performance.ts";

/** What the newest audit has found. */
export interface Missing {
  /** Messages that publishers have accepted and that are not stored. */
  count: number;
  atMs: number;
}

interface StatusOptions {
  link: Pick<BrokerLink, "onChange" | "state">;
  streams: readonly Pick<StoredStream, "name" | "place">[];
  indexFile: string;
  /** Rows that the newest statistics lack; `null`: not known. */
  lagRows: () => number | null;
  /** `null`: nothing was judged yet. */
  missing: () => Missing | null;
  performance: Pick<PerformanceReport, "isOverdue">;
  clock: Clock;
  logger: Logger;
}

/** Files are looked at once in this time at most. */
const REFRESH_MS = 2_000;
/** Stats saves how far it is every few seconds. Only what is further behind in the index is behind. */
const INDEX_BEHIND_US = 30_000_000;
/** A batch that has just been stored is not worth a word. */
const BEHIND_ROWS_MIN = 1_000;

/** The state in one word: the worst that holds. */
export function stateOf({
  broker,
  newestMs,
  behindRows,
  missing,
  isLoggerAway,
}: Pick<Status, "broker" | "newestMs" | "behindRows" | "missing"> & {
  isLoggerAway: boolean;
}): Status["state"] {
  if (missing !== null && missing > 0) return "missing";
  // Without a time no attempt has ended yet.
  if (!broker.isConnected && broker.sinceMs !== null) return "broker away";
  if (isLoggerAway) return "logger away";
  if (behindRows >= BEHIND_ROWS_MIN) return "behind";
  return broker.isConnected && newestMs !== null ? "stored" : "unknown";
}

/** Whether anything is lost, and how fresh all is. */
export class StatusBoard {
  readonly #options: StatusOptions;
  #found: { newestUs: number | null; indexRows: number } = { newestUs: null, indexRows: 0 };
  #refreshedMs = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | null = null;

  constructor(options: StatusOptions) {
    this.#options = options;
  }

  onChange(changed: () => void): void {
    this.#options.link.onChange(changed);
  }

  /** As it was at the last refreshment; the broker's state is that of now. */
  current(): Status {
    const { link, clock, lagRows, missing, performance } = this.#options;
    const { newestUs, indexRows } = this.#found;
    const audited = missing();
    const { isConnected, sinceMs } = link.state;
    const isLoggerAway = isConnected && sinceMs !== null && performance.isOverdue(sinceMs);
    const facts = {
      newestMs: newestUs === null ? null : newestUs / 1_000,
      behindRows: Math.max(indexRows, lagRows() ?? 0),
      broker: { ...link.state },
      missing: audited?.count ?? null,
    };
    return {
      state: stateOf({ ...facts, isLoggerAway }),
      nowMs: clock.now(),
      ...facts,
      auditedMs: audited?.atMs ?? null,
    };
  }

  /** Looks at the stored rows, unless that was done a moment ago. */
  async refresh(): Promise<void> {
    const { clock } = this.#options;
    if (clock.monotonic() - this.#refreshedMs < REFRESH_MS) return;
    this.#refreshing ??= this.#look().finally(() => {
      this.#refreshedMs = clock.monotonic();
      this.#refreshing = null;
    });
    await this.#refreshing;
  }

  async #look(): Promise<void> {
    const { streams, indexFile, logger } = this.#options;
    try {
      const progress = readProgress(indexFile);
      let newestUs: number | null = null;
      let indexRows = 0;
      for (const { name, place } of streams) {
        const end = streamEnd(place);
        await yieldToEvents();
        if (end?.receivedUs == null) continue;
        newestUs = Math.max(newestUs ?? 0, end.receivedUs);
        const counted = progress.get(name);
        if (counted === undefined || end.receivedUs - counted.receivedUs < INDEX_BEHIND_US)
          continue;
        indexRows += Math.max(0, end.id - counted.id);
      }
      this.#found = { newestUs, indexRows };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      logger.debug({ err: error }, "how far the streams are cannot be read now");
    }
  }
}
