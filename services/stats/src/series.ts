import type { ReconnectingClient } from "@weir/mqtt";
import { errorMessage, makePlaceOf, orOpeningFault, type ServiceContext } from "@weir/runtime";
import { Catalogue } from "@weir/series";
import { DeletionWatch } from "@weir/store";
import { openSeriesReader } from "@weir/streams";
import type { FollowedStream, SeriesConfig } from "./config.ts";
import { keepLooking } from "./follower.ts";
import { History } from "./history.ts";
import { PublishedTopics } from "./published-topics.ts";
import { SeriesFollower } from "./series-follower.ts";
import { createSeriesMetrics, exposeCatalogue, exposeValues } from "./series-metrics.ts";
import { SeriesPublisher } from "./series-publisher.ts";
import type { Moment } from "./series-set.ts";

/** How often the streams are looked at: a state is to be seen within a second. */
const LOOK_MS = 500;
/** How often the catalogue is made durable. What is lost with a kill is read from the rows again. */
const SAVE_MS = 5_000;

/** A stream that is followed, and the configuration that it is followed by. */
interface Followed {
  stream: FollowedStream;
  follower: SeriesFollower;
}

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
  const catalogueCheck = health.check("catalogue");
  catalogueCheck.pass();
  const metrics = createSeriesMetrics(context.metrics);
  const moment = (): Moment => ({
    atSecond: Math.floor(clock.now() / 1_000),
    nowMs: clock.monotonic(),
  });
  let isConnected = false;
  let isStopping = false;
  let isSaved = true;
  /** By name. */
  const followed = new Map<string, Followed>();
  /** Streams that are to be followed from the next look on. */
  let next: readonly FollowedStream[] | null = config.streams;
  const warned = new Set<string>();
  const deletions = new DeletionWatch(config.deletionsFile);

  const opened = new AsyncDisposableStack();
  makePlaceOf(config.indexFile, "DB_FILE");
  const catalogue = opened.use(
    orOpeningFault(config.indexFile, "DB_FILE", () => new Catalogue(config.indexFile, clock.now())),
  );
  if (catalogue.keptAs !== null) {
    const { keptAs } = catalogue;
    logger.error({ keptAs }, "the catalogue of series was damaged; it is made again from the rows");
  }
  opened.defer(save);
  opened.defer(() => {
    for (const { follower } of followed.values()) follower[Symbol.dispose]();
  });
  const history = opened.use(
    orOpeningFault(
      config.indexFile,
      "DB_FILE",
      () => new History({ ...config, catalogue, isIdle, context }),
    ),
  );
  const names = () => followed.keys();
  exposeCatalogue(catalogue, names, context.metrics);
  exposeValues(catalogue, names, { ...config, now: clock.now, registry: context.metrics });
  const topics = opened.use(
    orOpeningFault(
      config.publishedFile,
      "DB_FILE",
      () => new PublishedTopics(config.publishedFile),
    ),
  );
  const publisher = new SeriesPublisher({
    pace: config.pace,
    sets: () => Array.from(followed.values(), ({ follower }) => follower.series),
    moment,
    publish,
    topics,
    statsTopic: config.statsTopic,
    onPublished: () => metrics.publications.inc(),
    // The client logs why it lost the broker.
    onFailed: (error) => logger.debug({ err: error }, "statistics of a series not published"),
    onForgetful: (error) =>
      warnOnce(
        config.publishedFile,
        { err: error },
        "what is published cannot be remembered: what is no longer published may stay at the broker",
      ),
  });

  /** Whether every stream has been read to its end. */
  function isIdle(): boolean {
    return followed
      .values()
      .every(({ follower }) => follower.isComplete() && follower.lagRows() === 0);
  }

  /** A disk that is full, or a file that is locked, costs nothing but time: the next call saves the same. */
  function save(): void {
    try {
      catalogue.save();
      isSaved = true;
      catalogueCheck.pass();
    } catch (error) {
      catalogueCheck.fail(`${config.indexFile} cannot be saved: ${errorMessage(error)}`);
      if (isSaved) logger.error({ err: error }, "the catalogue of series cannot be saved");
      isSaved = false;
    }
  }

  /** Takes over streams that are new, removed or changed; the others are followed without a pause. */
  function followStreams(streams: readonly FollowedStream[]): void {
    const kept = new Set(
      streams.filter((stream) => isSame(followed.get(stream.name)?.stream, stream)),
    );
    const keptNames = new Set(Array.from(kept, ({ name }) => name));
    for (const [name, { follower }] of followed) {
      if (keptNames.has(name)) continue;
      publisher.withdraw([...follower.series.all()]);
      follower[Symbol.dispose]();
      history.leave(name);
      followed.delete(name);
    }
    for (const stream of streams) {
      if (kept.has(stream)) {
        history.keep(stream);
        continue;
      }
      const follower = openFollower(stream);
      followed.set(stream.name, { stream, follower });
      history.follow(stream, follower);
    }
  }

  function openFollower(stream: FollowedStream): SeriesFollower {
    const { name, place, topicOf } = stream;
    return new SeriesFollower({
      name,
      place,
      reader: openSeriesReader(stream, config.skewUs),
      catalogue,
      statistics: topicOf === null ? null : { topicOf, seriesMax: config.seriesMax },
      history: history.feedOf(stream),
      skewUs: config.skewUs,
      deletions: () => deletions.versionOf(name),
      moment,
      onAdded: ({ kept, turnedAway }) => {
        metrics.readings.inc(kept);
        metrics.turnedAway.inc(turnedAway);
        if (turnedAway > 0) {
          const { seriesMax } = config;
          warnOnce(
            name,
            { stream: name, seriesMax },
            "there are more series than STATS_SERIES_MAX; those that came last have no statistics",
          );
        }
      },
      onSkipped: ({ kind, reason }) => {
        metrics.skipped.inc();
        // Retention removes segments as a matter of course.
        if (kind === "removed") return;
        logger.warn({ stream: name, reason }, "the series lack a segment that is damaged");
      },
      onRestarted: () => metrics.rereadings.inc(),
      onForgotten: (series) => publisher.withdraw(series),
    });
  }

  function warnOnce(about: string, details: object, message: string): void {
    if (warned.has(about)) return;
    warned.add(about);
    logger.warn(details, message);
  }

  async function look(): Promise<void> {
    if (next !== null) {
      followStreams(next);
      next = null;
    }
    const followers = Array.from(followed.values(), ({ follower }) => follower);
    for (const follower of followers) await follower.follow();
    // A folder that is missing is no fault: nothing has been published for that stream yet.
    check.pass();
    metrics.kept.set(followers.reduce((sum, { series }) => sum + series.size, 0));
    const lagRows = Math.max(0, ...followers.map((follower) => follower.lagRows()));
    metrics.lag.set(lagRows);
    if (!isConnected || isStopping) return;
    // Before, its counts are too small.
    const published = [...followed.values()].filter(({ stream }) => stream.topicOf !== null);
    if (!published.every(({ follower }) => follower.isComplete())) return;
    publisher.publishDue(lagRows);
    metrics.waiting.set(publisher.waiting);
  }

  opened.use(keepLooking({ intervalMs: LOOK_MS, look, fail, clock }));
  opened.use(clock.repeat(SAVE_MS, save));
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
    /** Follows these streams from the next look on. Everything else of a configuration needs a restart. */
    reload: ({ streams }: SeriesConfig): void => {
      next = streams;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Whether a stream is read and published in the same way. */
function isSame(one: FollowedStream | undefined, other: FollowedStream): boolean {
  return one !== undefined && fingerprintOf(one) === fingerprintOf(other);
}

/** How long points and rows are kept changes nothing in that. */
function fingerprintOf({ topicOf, historyMs, rowsAgeMs: _, ...stream }: FollowedStream): string {
  const has = { statistics: topicOf !== null, history: historyMs !== null };
  return JSON.stringify({ ...stream, has });
}
