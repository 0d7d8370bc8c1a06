import type { BrokerLink } from "@weir/mqtt";
import { parseStatistics, type Statistics, type WindowDetail } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import type { Averages } from "../contract/status.ts";

interface AveragesOptions {
  link: Pick<BrokerLink, "listen" | "onChange" | "state">;
  statsTopic: string;
  /** Older statistics are stale. */
  staleAfterSeconds: number;
  clock: Clock;
}

/** The newest averages of the readings, as stats publishes them. Without the broker the last ones stay, and are stale. */
export class LatestAverages {
  readonly #options: AveragesOptions;
  readonly #onChange: (() => void)[] = [];
  #statistics: Statistics | null = null;

  /** It listens to the broker link, which must not have been started yet. */
  constructor(options: AveragesOptions) {
    this.#options = options;
    const { link, statsTopic } = options;
    link.listen(statsTopic, ({ payload }) => {
      const statistics = parseStatistics(payload);
      if (statistics === null) return;
      this.#statistics = statistics;
      this.#changed();
    });
    link.onChange(() => this.#changed());
  }

  onChange(changed: () => void): void {
    this.#onChange.push(changed);
  }

  current(): Averages {
    const topic = this.#options.statsTopic;
    if (this.#statistics === null) {
      return { topic, atMs: null, isStale: true, ...NO_AVERAGES, windows: null };
    }
    const { at, avg_1min, avg_5min, avg_30min, windows } = this.#statistics;
    return {
      topic,
      atMs: at * 1_000,
      isStale: this.#isStale(at),
      avg_1min,
      avg_5min,
      avg_30min,
      windows: {
        "1min": detailOf(windows["1min"]),
        "5min": detailOf(windows["5min"]),
        "30min": detailOf(windows["30min"]),
      },
    };
  }

  /** Committed rows that were not in the newest statistics; `null` where these are stale. */
  lagRows(): number | null {
    const statistics = this.#statistics;
    return statistics === null || this.#isStale(statistics.at) ? null : statistics.lagRows;
  }

  #isStale(atSecond: number): boolean {
    const { link, staleAfterSeconds, clock } = this.#options;
    return !link.state.isConnected || clock.now() / 1_000 - atSecond > staleAfterSeconds;
  }

  #changed(): void {
    for (const changed of this.#onChange) changed();
  }
}

const NO_AVERAGES = { avg_1min: null, avg_5min: null, avg_30min: null };

function detailOf({ count, min, max }: WindowDetail) {
  return { count, min, max };
}
