import type { ReconnectingClient } from "@weir/mqtt";
import { Counter, Gauge, type Registry, type ServiceContext } from "@weir/runtime";
import type { SeriesConfig } from "./config.ts";
import { keepLooking } from "./follower.ts";
import { SeriesFollower } from "./series-follower.ts";
import { SeriesPublisher } from "./series-publisher.ts";
import type { Moment } from "./series-set.ts";

/** How often the stream is looked at: a state is to be seen within a second. */
const LOOK_MS = 250;

/** Follows the stream of devices' states, and publishes each attribute within the pace of `config`. */
export function startSeries(
  config: SeriesConfig,
  publish: ReconnectingClient["publish"],
  context: ServiceContext,
) {
  const { clock, logger, health, fail } = context;
  const check = health.check("device states");
  const metrics = createSeriesMetrics(context.metrics);
  const moment = (): Moment => ({
    atSecond: Math.floor(clock.now() / 1_000),
    nowMs: clock.monotonic(),
  });
  let isConnected = false;
  let isStopping = false;
  let isFull = false;

  const opened = new DisposableStack();
  const follower = opened.use(
    new SeriesFollower({
      ...config,
      moment,
      onAdded: ({ kept, turnedAway }) => {
        metrics.readings.inc(kept);
        metrics.turnedAway.inc(turnedAway);
        if (turnedAway > 0) warnOnceFull();
      },
      onSkipped: ({ kind, reason }) => {
        metrics.skipped.inc();
        // Retention removes segments as a matter of course.
        if (kind === "removed") return;
        logger.warn({ reason }, "the statistics of devices lack a segment that is damaged");
      },
      onRestarted: () => metrics.rereadings.inc(),
      onForgotten: (series) => publisher.withdraw(series),
    }),
  );
  const publisher = new SeriesPublisher({
    ...config,
    series: follower.series,
    moment,
    publish,
    onPublished: () => metrics.publications.inc(),
    // The client logs why it lost the broker.
    onFailed: (error) => logger.debug({ err: error }, "statistics of a series not published"),
  });

  function warnOnceFull(): void {
    if (isFull) return;
    isFull = true;
    logger.warn(
      { seriesMax: config.seriesMax },
      "there are more attributes of devices than STATS_SERIES_MAX; those that came last have no statistics",
    );
  }

  async function look(): Promise<void> {
    await follower.follow();
    // A folder that is missing is no fault: no device has published yet.
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

/** What is counted of series. Devices are no labels: any client can invent them. */
function createSeriesMetrics(registry: Registry) {
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `weir_stats_series${name}`, help, registers: [registry] });
  const counter = (name: string, help: string): Counter =>
    new Counter({ name: `weir_stats_series_${name}_total`, help, registers: [registry] });
  return {
    kept: gauge("", "Attributes of devices that statistics are kept of."),
    waiting: gauge("_waiting", "Series that are due and wait for their turn to be published."),
    lag: gauge("_lag_rows", "Committed rows of the segment being read that are not counted yet."),
    readings: counter("readings", "Readings of devices' attributes that were taken in."),
    turnedAway: counter("turned_away", "Readings of series beyond STATS_SERIES_MAX."),
    publications: counter("publications", "Statistics of series that the broker has acknowledged."),
    rereadings: counter("rereadings", "How often the stream was read again for its windows."),
    skipped: counter("skipped_segments", "Segments that could not be read."),
  };
}
