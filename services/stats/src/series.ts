import type { ReconnectingClient } from "@weir/mqtt";
import { makePlaceOf, type ServiceContext } from "@weir/runtime";
import { Catalogue } from "@weir/series";
import { openSeriesReader } from "@weir/streams";
import type { SeriesConfig } from "./config.ts";
import { keepLooking } from "./follower.ts";
import { SeriesFollower } from "./series-follower.ts";
import { createSeriesMetrics, exposeCatalogue, exposeValues } from "./series-metrics.ts";
import { SeriesPublisher } from "./series-publisher.ts";
import type { Moment } from "./series-set.ts";
import { remembering } from "./series-topics.ts";

/** How often the streams are looked at: a state is to be seen within a second. */
const LOOK_MS = 250;
/** How often the catalogue is made durable. What is lost with a kill is read from the rows again. */
const SAVE_MS = 5_000;

/**
 * Follows every stream: keeps the catalogue of all series, and publishes the statistics of those that have any,
 * within the pace of `config`.
 */
export function startSeries(
  config: SeriesConfig,
  publish: ReconnectingClient["publish"],
  context: ServiceContext,
) {
  const { clock, logger, health, fail } = context;
  const check = health.check("series");
  const metrics = createSeriesMetrics(context.metrics);
  const names = config.streams.map(({ name }) => name);
  const moment = (): Moment => ({
    atSecond: Math.floor(clock.now() / 1_000),
    nowMs: clock.monotonic(),
  });
  let isConnected = false;
  let isStopping = false;
  const warned = new Set<string>();

  const opened = new DisposableStack();
  makePlaceOf(config.indexFile, "DB_FILE");
  const catalogue = opened.use(new Catalogue(config.indexFile, clock.now()));
  if (catalogue.keptAs !== null) {
    const { keptAs } = catalogue;
    logger.error({ keptAs }, "the catalogue of series was damaged; it is made again from the rows");
  }
  opened.defer(() => catalogue.save());
  exposeCatalogue(catalogue, names, context.metrics);
  exposeValues(catalogue, names, { ...config, now: clock.now, registry: context.metrics });
  const followers = config.streams.map((stream) => {
    const { name, place, topicOf } = stream;
    return opened.use(
      new SeriesFollower({
        name,
        place,
        reader: openSeriesReader(stream, config.skewUs),
        catalogue,
        statistics:
          topicOf === null ? null : { topicOf: remembering(topicOf), seriesMax: config.seriesMax },
        skewUs: config.skewUs,
        moment,
        onAdded: ({ kept, turnedAway }) => {
          metrics.readings.inc(kept);
          metrics.turnedAway.inc(turnedAway);
          if (turnedAway > 0) warnOnce(name);
        },
        onSkipped: ({ kind, reason }) => {
          metrics.skipped.inc();
          // Retention removes segments as a matter of course.
          if (kind === "removed") return;
          logger.warn({ stream: name, reason }, "the series lack a segment that is damaged");
        },
        onRestarted: () => metrics.rereadings.inc(),
        onForgotten: (series) => publisher.withdraw(series),
      }),
    );
  });
  const published = followers.filter((_, index) => config.streams[index]?.topicOf !== null);
  const publisher = new SeriesPublisher({
    pace: config.pace,
    sets: published.map((follower) => follower.series),
    moment,
    publish,
    onPublished: () => metrics.publications.inc(),
    // The client logs why it lost the broker.
    onFailed: (error) => logger.debug({ err: error }, "statistics of a series not published"),
  });

  function warnOnce(stream: string): void {
    if (warned.has(stream)) return;
    warned.add(stream);
    logger.warn(
      { stream, seriesMax: config.seriesMax },
      "there are more series than STATS_SERIES_MAX; those that came last have no statistics",
    );
  }

  async function look(): Promise<void> {
    for (const follower of followers) await follower.follow();
    // A folder that is missing is no fault: nothing has been published for that stream yet.
    check.pass();
    metrics.kept.set(published.reduce((sum, { series }) => sum + series.size, 0));
    const lagRows = Math.max(0, ...followers.map((follower) => follower.lagRows()));
    metrics.lag.set(lagRows);
    if (!isConnected || isStopping) return;
    if (!published.every((follower) => follower.isComplete())) return;
    publisher.publishDue(lagRows);
    metrics.waiting.set(publisher.waiting);
  }

  opened.use(keepLooking({ intervalMs: LOOK_MS, look, fail, clock }));
  opened.use(clock.repeat(SAVE_MS, () => catalogue.save()));
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
