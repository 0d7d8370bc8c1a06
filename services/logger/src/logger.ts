import type { Flow } from "@weir/messages";
import { createLink } from "@weir/mqtt";
import type { ServiceContext } from "@weir/service";
import { openStore } from "@weir/store";
import type { LoggerConfig } from "./config.ts";
import { startIntake } from "./intake.ts";
import { createLoggerMetrics } from "./metrics.ts";
import { startOutcomeReport } from "./outcome-report.ts";
import { startReceipts } from "./receipts.ts";
import { startRetention } from "./retention.ts";
import { openSessionFile } from "./session-file.ts";

export const flow: Flow = { subscribes: ["DATA"], publishes: ["weir/receipt/<publisher>"] };

const STREAM = "data";

/**
 * Writes each message to the store and acknowledges it after the commit; the store's only writer.
 *
 * @throws Fault when the store is locked, cannot be written, or is something else.
 */
export function startLogger(config: LoggerConfig, context: ServiceContext): AsyncDisposable {
  const { clock, logger, health, fail } = context;
  // Closed in reverse: intake stops and flushes, then the link says goodbye, then the store closes.
  const opened = new AsyncDisposableStack();

  const store = opened.use(
    openStore({ ...config, stream: STREAM, legacyTopic: config.topic, nowUs: clock.now() * 1_000 }),
  );
  if (store.damaged !== null) {
    logger.error(
      store.damaged,
      "the store is damaged: it is kept under another name, and a new one was begun. What is not confirmed comes again; save the rest out of it with: sqlite3 <file> .recover",
    );
  }
  if (store.imported !== null) logger.info(store.imported, "imported a file of the old system");
  const metrics = createLoggerMetrics(context.metrics, store);
  const report = opened.use(startOutcomeReport(clock, logger));
  opened.use(
    startRetention(config.retention, {
      store,
      clock,
      logger,
      onPruned: (rows) => metrics.prunedRows.inc(rows),
      onFault: fail,
    }),
  );

  const intake = startIntake(config, {
    store,
    clock,
    onCommitted: (committed, seconds) => {
      metrics.commitSeconds.observe(seconds);
      for (const { outcome, filed, publisher } of committed) {
        metrics.messages.inc({ filed });
        if (publisher !== null) receipts.note(publisher);
        if (filed === "duplicate") continue;
        metrics.rows.inc({ kind: outcome.kind, reason: outcome.reason });
        report.add(outcome);
      }
      logger.debug({ messages: committed.length, seconds }, "committed");
    },
    onUnmatched: () => metrics.unmatched.inc(),
    onFault: fail,
  });

  const brokerCheck = health.check("broker");
  const link = opened.use(
    createLink({
      broker: config.broker,
      clientId: config.clientId,
      session: { kind: "persistent", expirySeconds: config.sessionExpirySeconds },
      subscriptions: [{ filter: config.topic, qos: 1 }],
      sessionMemory: openSessionFile(`${config.file}.session`, {
        clientId: config.clientId,
        brokerUrl: config.broker.url,
      }),
      acknowledge: "manually",
      onMessage: intake.receive,
      onConnected: ({ protocolVersion }) => {
        intake.setGathering(protocolVersion === 5);
        receipts.connected();
        brokerCheck.pass();
      },
      onDisconnected: brokerCheck.fail,
      clock,
      logger,
    }),
  );
  const receipts = opened.use(
    startReceipts({
      store,
      link,
      clock,
      logger,
      onPublished: () => metrics.receipts.inc(),
      onFault: fail,
    }),
  );
  opened.use(intake);

  link.start();
  return opened;
}
