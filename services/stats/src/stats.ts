import { randomUUID } from "node:crypto";
import { createReconnectingClient } from "@weir/mqtt";
import type { Flow } from "@weir/protocol";
import { Counter, Gauge, type Service, type ServiceContext, watchBroker } from "@weir/runtime";
import type { StatsConfig } from "./config.ts";
import { Follower, keepLooking } from "./follower.ts";
import { startSeries } from "./series.ts";

export const flow: Flow = {
  subscribes: [],
  publishes: ["STATS", "STATS/<device>/<attribute>", "STATS/<stream>:<topic>/<path>"],
};

/**
 * Follows the store and publishes its 1, 5 and 30 minute statistics: on change at most every
 * `intervalMs`, and on a slow tick because a feed that is silent ages, too. `startSeries` does the same
 * for each attribute of each device.
 */
export function startStats(config: StatsConfig, context: ServiceContext): Service<StatsConfig> {
  const { clock, logger, health, metrics, fail } = context;
  const opened = new AsyncDisposableStack();
  const storeCheck = health.check("store");
  const brokerCheck = watchBroker(context);
  const publications = new Counter({
    name: "weir_stats_publications_total",
    help: "Statistics that the broker has acknowledged.",
    registers: [metrics],
  });
  const lag = new Gauge({
    name: "weir_stats_lag_rows",
    help: "Committed rows that are not in the statistics yet.",
    registers: [metrics],
  });

  const follower = opened.use(new Follower(config.file));
  let isConnected = false;
  let publishedAtMs = -Infinity;

  const client = opened.use(
    createReconnectingClient({
      broker: config.broker,
      clientId: `weir-stats-${randomUUID()}`,
      session: { kind: "clean" },
      ...brokerCheck,
      onConnected: () => {
        isConnected = true;
        publishedAtMs = -Infinity;
        series.onConnected();
        brokerCheck.onConnected();
      },
      onDisconnected: (reason) => {
        isConnected = false;
        series.onDisconnected();
        brokerCheck.onDisconnected(reason);
      },
      clock,
      logger,
    }),
  );
  const series = opened.use(startSeries(config.series, client.publish, context));

  async function look(): Promise<void> {
    const atSecond = Math.floor(clock.now() / 1_000);
    const followed = await follower.follow(atSecond);
    if (followed === "no store yet") {
      storeCheck.fail(`there is no store at ${config.file} yet`);
      return;
    }
    storeCheck.pass();
    const isDue = clock.monotonic() - publishedAtMs >= config.slowTickMs;
    if (isConnected && (followed === "changed" || isDue)) await publish(atSecond);
  }

  async function publish(atSecond: number): Promise<void> {
    const statistics = follower.statistics(atSecond);
    if (statistics === null) return;
    lag.set(statistics.lagRows);
    const { expirySeconds } = config;
    try {
      const options = { qos: 1, retain: true, expirySeconds } as const;
      await client.publish(config.topic, JSON.stringify(statistics), options);
    } catch (error) {
      // The client logs why it lost the broker; `onConnected` makes the next publication due at once.
      logger.debug({ err: error }, "statistics not published");
      return;
    }
    publishedAtMs = clock.monotonic();
    publications.inc();
    logger.debug({ statistics }, "published");
  }

  opened.use(keepLooking({ intervalMs: config.intervalMs, look, fail, clock }));
  client.start();
  return {
    reload: async (changed) => series.reload(changed.series),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
