import type { Flow } from "@weir/messages";
import type { Service, ServiceContext } from "@weir/service";
import { startFinisher } from "@weir/store";
import type { LoggerConfig } from "./config.ts";
import { createConnections } from "./connection/connections.ts";
import { planReload } from "./reload.ts";
import { startLimitReport } from "./report/limit-report.ts";
import { createLoggerMetrics } from "./report/metrics.ts";
import { startOutcomeReport } from "./report/outcome-report.ts";
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

  const finisher = opening.use(
    startFinisher({
      clock,
      onFinished: (file) => logger.info({ file }, "finished a closed segment"),
      onUnfinished: (unfinished) => logger.warn(unfinished, "a closed segment is not finished yet"),
    }),
  );
  const locks = createLockWaits({ clock, logger, check: context.health.check("locks") });
  const streams = opening.use(createStreams({ ...context, ...config, finisher, locks }));
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
      link: connections.defaultLink,
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
