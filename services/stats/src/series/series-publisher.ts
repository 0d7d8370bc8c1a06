import type { Link } from "@weir/mqtt";
import { composeStatistics } from "../statistics.ts";
import { createAllowance } from "./allowance.ts";
import { dueSeries, slowTickMs } from "./due.ts";
import type { Series } from "./series.ts";
import type { Moment, SeriesSet } from "./series-set.ts";

/** How series are published. */
export interface SeriesPace {
  /** Each series at most so often, in milliseconds. */
  intervalMs: number;
  /** Unchanged ones so often, in milliseconds; less often where there are many. */
  slowTickMs: number;
  /** Publications a second, over all series. */
  rateMax: number;
  /** The broker forgets what was not renewed for so long. */
  expirySeconds: number;
}

/** Publishes series in turn, within their pace. */
export interface SeriesPublisher {
  /** Publishes what is due. Call it several times a second. */
  publishDue(lagRows: number): void;
  /** Removes from the broker what it keeps of series that are no more. */
  withdraw(forgotten: readonly Series[]): void;
  /** The broker may have lost everything: all of it is due again. */
  renew(): void;
  /** How many series are due and wait for their turn, at the last call of `publishDue`. */
  readonly waiting: number;
}

export interface SeriesPublisherOptions {
  /** Before the device and the attribute. */
  topic: string;
  pace: SeriesPace;
  series: Pick<SeriesSet, "all" | "size">;
  moment: () => Moment;
  publish: Link["publish"];
  onPublished: () => void;
  /** A publication failed; it is due again. */
  onFailed: (error: unknown) => void;
}

/** Between two calls of `publishDue` there may be so much, before publications are lost. */
const BURST_MS = 500;
const WITHDRAWALS_MAX = 10_000;

export function createSeriesPublisher(options: SeriesPublisherOptions): SeriesPublisher {
  const { topic, pace, series, moment, publish, onPublished, onFailed } = options;
  const allowance = createAllowance({
    rateMax: pace.rateMax,
    burstMs: BURST_MS,
    monotonicMs: () => moment().nowMs,
  });
  const withdrawals = new Set<string>();
  let waiting = 0;
  let underWay = 0;

  const topicOf = ({ device, attribute }: Series): string => `${topic}/${device}/${attribute}`;

  function send(one: Series, lagRows: number): void {
    const { atSecond: at, nowMs } = moment();
    const statistics = composeStatistics(one.ring.summarize(at), {
      at,
      throughId: one.throughId,
      lagRows,
    });
    one.changedAtMs = null;
    one.publishedAtMs = nowMs;
    deliver(topicOf(one), JSON.stringify(statistics)).then(onPublished, (error: unknown) => {
      one.changedAtMs ??= nowMs;
      onFailed(error);
    });
  }

  async function deliver(to: string, payload: string): Promise<void> {
    underWay += 1;
    try {
      const { expirySeconds } = pace;
      await publish(to, payload, { qos: 1, retain: true, expirySeconds });
    } finally {
      underWay -= 1;
    }
  }

  /** An empty retained message is what a broker forgets the one before for [MQTT-3.3.1-6]. */
  function withdrawSome(atMost: number): void {
    for (const to of withdrawals.values().take(atMost)) {
      withdrawals.delete(to);
      deliver(to, "").catch(onFailed);
    }
  }

  return {
    publishDue: (lagRows) => {
      const { nowMs } = moment();
      const tickMs = slowTickMs(series.size, pace);
      const due = dueSeries(series.all(), { intervalMs: pace.intervalMs, tickMs }, nowMs);
      // A broker that is slow to answer gets no more than it can be asked within a second.
      const room = Math.max(0, pace.rateMax - underWay);
      const turn = allowance.take(Math.min(room, due.length + withdrawals.size));
      for (const one of due.slice(0, turn)) {
        withdrawals.delete(topicOf(one));
        send(one, lagRows);
      }
      withdrawSome(turn - Math.min(turn, due.length));
      waiting = Math.max(0, due.length - turn);
    },
    withdraw: (forgotten) => {
      for (const one of forgotten) {
        if (withdrawals.size < WITHDRAWALS_MAX) withdrawals.add(topicOf(one));
      }
    },
    renew: () => {
      const { nowMs } = moment();
      for (const one of series.all()) {
        one.publishedAtMs = null;
        one.changedAtMs ??= nowMs;
      }
    },
    get waiting() {
      return waiting;
    },
  };
}
