import { isDeepStrictEqual } from "node:util";
import type { Flow } from "@weir/protocol";
import type { Service, ServiceContext } from "@weir/runtime";
import { startSegmentFinalizer } from "@weir/store";
import type { LoggerConfig } from "./config.ts";
import { createConnections } from "./connection/connections.ts";
import { createLoggerMetrics } from "./report/metrics.ts";
import { startLimitReport, startOutcomeReport } from "./report/outcomes.ts";
import { startPerformanceReport } from "./report/performance.ts";
import { createLockWaits } from "./stream/lock-waits.ts";
import { createStreams } from "./stream/streams.ts";

export const flow: Flow = {
  subscribes: [
    "DATA",
    "devices/<id>/state",
    "devices/<id>/command",
    "devices/<id>/command/ack",
    "devices/<id>/availability",
    "devices/<id>/log/<level>",
  ],
  publishes: ["weir/receipt/<publisher>", "weir/service/logger/performance"],
};

/**
 * Writes the messages of every stream to its store and acknowledges them after the commit; the only
 * writer of these stores.
 *
 * @throws Fault when a store is locked, cannot be written, or is something else.
 */
export async function startLogger(
  config: LoggerConfig,
  context: ServiceContext,
): Promise<Service<LoggerConfig>> {
  const { clock, logger } = context;
  // Closed in reverse: intake stops and flushes, then the connections say goodbye, then the stores close.
  await using opening = new AsyncDisposableStack();
  let current = config;

  const finalizer = opening.use(
    startSegmentFinalizer({
      clock,
      onFinished: (file) => logger.info({ file }, "finished a closed segment"),
      onUnfinished: (unfinished) => logger.warn(unfinished, "a closed segment is not finished yet"),
    }),
  );
  const locks = createLockWaits({ clock, logger, check: context.health.check("locks") });
  const streams = opening.use(createStreams({ ...context, ...config, finalizer, locks }));
  const losses = { dropped: 0, unmatched: 0 };
  let strange = 0;
  const metrics = createLoggerMetrics(context.metrics, {
    streams: streams.all,
    losses,
    strange: () => strange,
    locks,
  });
  const stores = context.health.check("stores");
  stores.fail("they are being opened; on a full disk what is due is removed first");
  await streams.apply(config.streams.streams);
  stores.pass();
  opening.use(startOutcomeReport(streams.all, { clock, logger }));
  opening.use(startLimitReport(streams.all, { clock, logger }));

  const connections = opening.use(
    createConnections(config, {
      ...context,
      streams: streams.all,
      locks,
      onCommitted: (messages, seconds) => {
        metrics.commitSeconds.observe(seconds);
        performance.note(messages);
      },
      onUnmatched: () => {
        losses.unmatched += 1;
      },
      onStrange: () => {
        strange += 1;
      },
      onDropped: ({ reason, topic, bytes }) => {
        losses.dropped += 1;
        logger.warn({ topic: topic.slice(0, 200), bytes }, `a message is ${reason}: not stored`);
      },
      onReceipt: () => metrics.receipts.inc(),
    }),
  );
  const performance = opening.use(
    startPerformanceReport({
      ...config.streams.performance,
      streams: streams.all,
      losses,
      client: connections.defaultLink,
      clock,
      logger,
    }),
  );
  await connections.apply(config.streams);

  // Disposed of first: nothing waits for a lock any more.
  opening.use(locks);
  const opened = opening.move();
  let isStopping = false;
  return {
    reload: async (next) => {
      const { config: changed, needsRestart } = planReload(current, next);
      if (needsRestart.length > 0) {
        logger.warn({ needsRestart }, `needs a restart: ${needsRestart.join(", ")}`);
      }
      await streams.apply(changed.streams.streams);
      // It may have waited for a new stream until the stop: nothing is connected after that.
      if (isStopping) return;
      await connections.apply(changed.streams);
      await streams.closeOthers(changed.streams.streams);
      performance.setInterval(changed.streams.performance.intervalMs);
      current = changed;
    },
    [Symbol.asyncDispose]: () => {
      isStopping = true;
      return opened.disposeAsync();
    },
  };
}

/** What differs between two configurations, as far as a running logger can follow. */
export interface Change {
  /** The configuration to go on with: the new one, but for what needs a restart. */
  config: LoggerConfig;
  /** What of the new one needs a restart, in words for an operator. */
  needsRestart: string[];
}

const PROCESS_FIELDS = [
  "process",
  "file",
  "synchronous",
  "clientId",
  "sessionExpirySeconds",
  "transport",
  "skewUs",
  "devicePrefixes",
  "maintenance",
] as const satisfies readonly (keyof LoggerConfig)[];

const STREAM_FIELDS = ["place", "broker", "connection", "batch"] as const;

/** Tells what of a new configuration can be taken over while the logger runs. */
export function planReload(current: LoggerConfig, next: LoggerConfig): Change {
  const needsRestart: string[] = [];
  const kept: Partial<LoggerConfig> = {};
  for (const field of PROCESS_FIELDS) {
    if (isDeepStrictEqual(current[field], next[field])) continue;
    needsRestart.push(field);
    Object.assign(kept, { [field]: current[field] });
  }

  const brokers = { ...next.streams.brokers };
  for (const [name, broker] of Object.entries(current.streams.brokers)) {
    if (name in brokers && !isDeepStrictEqual(broker, brokers[name])) {
      needsRestart.push(`brokers.${name}`);
    }
    // A broker that a running stream uses stays what it is.
    brokers[name] = broker;
  }

  const streams = next.streams.streams.map((stream) => {
    const running = current.streams.streams.find(({ name }) => name === stream.name);
    if (running === undefined) return stream;
    const fixed = STREAM_FIELDS.filter(
      (field) => !isDeepStrictEqual(running[field], stream[field]),
    );
    needsRestart.push(...fixed.map((field) => `streams.${stream.name}.${field}`));
    return { ...stream, ...Object.fromEntries(fixed.map((field) => [field, running[field]])) };
  });

  return {
    config: { ...next, ...kept, streams: { ...next.streams, brokers, streams } },
    needsRestart,
  };
}
