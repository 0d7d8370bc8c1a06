import type { ReconnectingClient } from "@weir/mqtt";
import { Counter, Gauge, type ServiceContext } from "@weir/runtime";
import type { Skipped } from "@weir/store";
import { keepLooking } from "./follower.ts";
import type { SeriesConfig } from "./series-config.ts";
import { createSeriesFollower } from "./series-follower.ts";
import { createSeriesPublisher } from "./series-publisher.ts";
import type { Moment } from "./series-set.ts";

/** The statistics of devices' attributes, while they are kept. */
interface RunningSeries extends Disposable {
  onConnected(): void;
  onDisconnected(): void;
}

interface SeriesOptions {
  config: SeriesConfig;
  publish: ReconnectingClient["publish"];
  context: Pick<ServiceContext, "clock" | "logger" | "health" | "metrics" | "fail">;
}

/** How often the stream is looked at: a state is to be seen within a second. */
const LOOK_MS = 250;

/** Follows the stream of devices' states, and publishes each attribute within the pace of `config`. */
export function startSeries({ config, publish, context }: SeriesOptions): RunningSeries {
  const { clock, logger, health, fail } = context;
  const check = health.check("device states");
  const metrics = createSeriesMetrics(context);
  const moment = (): Moment => ({
    atSecond: Math.floor(clock.now() / 1_000),
    nowMs: clock.monotonic(),
  });
  let isConnected = false;
  let isStopping = false;
  let isFull = false;

  const opened = new DisposableStack();
  const follower = opened.use(
    createSeriesFollower({
      ...config,
      moment,
      on: {
        added: ({ kept, turnedAway }) => {
          metrics.readings.inc(kept);
          metrics.turnedAway.inc(turnedAway);
          if (turnedAway > 0) tellFull();
        },
        skipped: (skipped) => {
          metrics.skipped.inc();
          tellSkipped(skipped);
        },
        begunAnew: () => metrics.rereadings.inc(),
        forgotten: (series) => publisher.withdraw(series),
      },
    }),
  );
  const publisher = createSeriesPublisher({
    ...config,
    series: follower.series,
    moment,
    publish,
    onPublished: () => metrics.publications.inc(),
    // The client says why it lost the broker.
    onFailed: (error) => logger.debug({ err: error }, "statistics of a series not published"),
  });

  function tellFull(): void {
    if (isFull) return;
    isFull = true;
    logger.warn(
      { seriesMax: config.seriesMax },
      "there are more attributes of devices than STATS_SERIES_MAX; those that came last have no statistics",
    );
  }

  function tellSkipped({ kind, reason }: Skipped): void {
    // What retention has removed is as it should be.
    if (kind === "removed") return;
    logger.warn({ reason }, "the statistics of devices are without a segment that is damaged");
  }

  async function look(): Promise<void> {
    await follower.follow();
    // A folder that is not there is no fault: no device has spoken yet.
    check.pass();
    metrics.kept.set(follower.series.size);
    metrics.lag.set(follower.lagRows());
    if (!isConnected || isStopping || !follower.isComplete()) return;
    publisher.publishDue(follower.lagRows());
    metrics.waiting.set(publisher.waiting);
  }

  opened.use(keepLooking({ intervalMs: LOOK_MS, look, fail, clock }));
  opened.defer(() => {
    isStopping = true;
  });
  return {
    onConnected: () => {
      isConnected = true;
      publisher.renew();
    },
    onDisconnected: () => {
      isConnected = false;
    },
    [Symbol.dispose]: () => opened.dispose(),
  };
}

/** What is counted of series, for `/metrics`. Devices make no labels: anybody can invent them. */
interface SeriesMetrics {
  kept: Gauge;
  waiting: Gauge;
  lag: Gauge;
  readings: Counter;
  turnedAway: Counter;
  publications: Counter;
  rereadings: Counter;
  skipped: Counter;
}

function createSeriesMetrics({ metrics }: Pick<ServiceContext, "metrics">): SeriesMetrics {
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `weir_stats_series${name}`, help, registers: [metrics] });
  const counter = (name: string, help: string): Counter =>
    new Counter({ name: `weir_stats_series_${name}_total`, help, registers: [metrics] });
  return {
    kept: gauge("", "Attributes of devices that statistics are kept of."),
    waiting: gauge("_waiting", "Series that are due and wait for their turn to be published."),
    lag: gauge("_lag_rows", "Committed rows of the segment being read that are not counted yet."),
    readings: counter("readings", "Readings of devices' attributes that were taken in."),
    turnedAway: counter("turned_away", "Readings of series that there was no room for."),
    publications: counter("publications", "Statistics of series that the broker has acknowledged."),
    rereadings: counter("rereadings", "How often the stream was read anew for its windows."),
    skipped: counter("skipped_segments", "Segments that could not be read."),
  };
}
