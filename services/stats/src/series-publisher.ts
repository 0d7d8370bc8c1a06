import type { ReconnectingClient } from "@weir/mqtt";
import { composeStatistics } from "./follower.ts";
import type { Moment, Series, SeriesSet } from "./series-set.ts";

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
interface SeriesPublisher {
  /** Publishes what is due. Call it several times a second. */
  publishDue(lagRows: number): void;
  /** Removes from the broker what it keeps of series that are no more. */
  withdraw(forgotten: readonly Series[]): void;
  /** The broker may have lost everything: all of it is due again. */
  renew(): void;
  /** How many series are due and wait for their turn, at the last call of `publishDue`. */
  readonly waiting: number;
}

interface SeriesPublisherOptions {
  /** Before the device and the attribute. */
  topic: string;
  pace: SeriesPace;
  series: Pick<SeriesSet, "all" | "size">;
  moment: () => Moment;
  publish: ReconnectingClient["publish"];
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

/** How often a series is published. In milliseconds. */
interface Pace {
  /** What has changed, at most so often. */
  intervalMs: number;
  /** What has not changed, so often: its windows age all the same. */
  tickMs: number;
}

/**
 * The slow tick of so many series: unchanged ones take at most half of the publications, so that what
 * has changed need not wait for them.
 */
export function slowTickMs(
  series: number,
  { slowTickMs: tickMs, rateMax }: { slowTickMs: number; rateMax: number },
): number {
  return Math.max(tickMs, Math.ceil((2 * series * 1_000) / rateMax));
}

/** The series that are due, those that have waited longest first. */
export function dueSeries(all: Iterable<Series>, pace: Pace, nowMs: number): Series[] {
  const due: { series: Series; dueMs: number }[] = [];
  for (const series of all) {
    const dueMs = dueAtMs(series, pace);
    if (dueMs <= nowMs) due.push({ series, dueMs });
  }
  return due.sort((one, other) => one.dueMs - other.dueMs).map(({ series }) => series);
}

function dueAtMs({ changedAtMs, publishedAtMs }: Series, { intervalMs, tickMs }: Pace): number {
  if (publishedAtMs === null) return changedAtMs ?? -Infinity;
  const tickAtMs = publishedAtMs + tickMs;
  if (changedAtMs === null) return tickAtMs;
  return Math.min(tickAtMs, Math.max(changedAtMs, publishedAtMs + intervalMs));
}

/** How much may be done now, of something that may be done so often a second. */
interface Allowance {
  /** Takes as much as there is, at most `wanted`. */
  take(wanted: number): number;
}

/**
 * @param burstMs what was not used for longer is lost.
 * @param monotonicMs a monotonic clock, in milliseconds.
 */
export function createAllowance(options: {
  rateMax: number;
  burstMs: number;
  monotonicMs: () => number;
}): Allowance {
  const { rateMax, burstMs, monotonicMs } = options;
  const mostAtOnce = Math.max(1, (rateMax * burstMs) / 1_000);
  let left = mostAtOnce;
  let countedAtMs = monotonicMs();
  return {
    take: (wanted) => {
      const nowMs = monotonicMs();
      left = Math.min(mostAtOnce, left + (rateMax * (nowMs - countedAtMs)) / 1_000);
      countedAtMs = nowMs;
      const taken = Math.min(wanted, Math.floor(left));
      left -= taken;
      return taken;
    },
  };
}
