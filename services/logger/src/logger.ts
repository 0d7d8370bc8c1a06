import { isDeepStrictEqual } from "node:util";
import type { Flow } from "@weir/protocol";
import type { Service, ServiceContext } from "@weir/runtime";
import { startSegmentFinalizer } from "@weir/store";
import type { LoggerConfig } from "./config.ts";
import { Connections } from "./connection.ts";
import { LockWaits } from "./lock-waits.ts";
import { createLoggerCounts, registerMetrics } from "./metrics.ts";
import { openDeletions } from "./open-deletions.ts";
import { startPerformanceReport } from "./performance.ts";
import { Streams } from "./streams.ts";
import { startLimitWarnings, startPayloadWarnings } from "./warnings.ts";

export const flow: Flow = {
  subscribes: [
    "DATA",
    "devices/<id>/state",
    "devices/<id>/command",
    "devices/<id>/command/ack",
    "devices/<id>/availability",
    "devices/<id>/log/<level>",
    "homeassistant/device/<id>/config",
  ],
  publishes: ["weir/receipt/<publisher>", "weir/service/logger/performance"],
};

const DONE = { finish: "finished yet", archive: "archived", settle: "written again" } as const;

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
  const { clock, logger, health } = context;
  // Closed in reverse: intake stops and flushes, then the connections close, then the stores close.
  await using opening = new AsyncDisposableStack();

  const finalizer = opening.use(
    startSegmentFinalizer({
      clock,
      onFinished: (file) => logger.info({ file }, "finished a closed segment"),
      onUnfinished: ({ task, ...unfinished }) =>
        logger.warn(unfinished, `a closed segment is not ${DONE[task]}`),
    }),
  );
  const locks = new LockWaits({ clock, logger, check: health.check("locks") });
  const running = opening.use(new Streams({ ...context, ...config, finalizer, locks }));
  const streams = () => running.all();
  const counts = createLoggerCounts(context.metrics);
  registerMetrics(context.metrics, { streams, counts, locks });
  const stores = health.check("stores");
  stores.fail("they are being opened; on a full disk what is due is removed first");
  await running.apply(config.streams.streams);
  stores.pass();
  opening.use(openDeletions(config, { ...context, streams, finalizer }));
  opening.use(startPayloadWarnings(streams, context));
  opening.use(startLimitWarnings(streams, context));

  const connections = opening.use(
    new Connections({ ...context, ...config, streams, counts, locks }),
  );
  const performance = opening.use(
    startPerformanceReport({
      ...config.streams.performance,
      streams,
      counts,
      client: () => connections.defaultClient(),
      clock,
      logger,
    }),
  );
  await connections.apply(config.streams);

  // Disposed of first, so that nothing waits for a lock any more.
  opening.use(locks);
  const opened = opening.move();
  let current = config;
  let isStopping = false;
  return {
    reload: async (next) => {
      const { config: changed, needsRestart } = planReload(current, next);
      if (needsRestart.length > 0) {
        logger.warn({ needsRestart }, `needs a restart: ${needsRestart.join(", ")}`);
      }
      await running.apply(changed.streams.streams);
      // A new stream may have kept this waiting until the stop: nothing is connected after that.
      if (isStopping) return;
      await connections.apply(changed.streams);
      await running.closeOthers(changed.streams.streams);
      performance.setInterval(changed.streams.performance.intervalMs);
      current = changed;
    },
    [Symbol.asyncDispose]: () => {
      isStopping = true;
      return opened.disposeAsync();
    },
  };
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
  "tokenFile",
] as const satisfies readonly (keyof LoggerConfig)[];

const STREAM_FIELDS = ["place", "broker", "connection", "batch"] as const;

/**
 * What of a new configuration a running logger can apply.
 *
 * @returns the configuration to continue with, which keeps what needs a restart, and what does, in words
 *   for an operator.
 */
export function planReload(
  current: LoggerConfig,
  next: LoggerConfig,
): { config: LoggerConfig; needsRestart: string[] } {
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
    // A broker that a running stream uses does not change.
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
