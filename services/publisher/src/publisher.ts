import { randomInt, randomUUID } from "node:crypto";
import { openOutbox } from "@weir/delivery";
import { createReconnectingClient } from "@weir/mqtt";
import type { DataPayload, Flow } from "@weir/protocol";
import { Counter, Gauge, type Registry, type ServiceContext, watchBroker } from "@weir/runtime";
import type { PublisherConfig } from "./config.ts";

export const flow: Flow = {
  subscribes: ["weir/receipt/<publisher>"],
  publishes: ["DATA", "weir/publisher/<publisher>"],
};

/**
 * Publishes simulated readings: the first at once, each further one after a random pause. Each goes
 * into the outbox and leaves it when it is confirmed, whatever happens to the broker or to this
 * process in between.
 *
 * @throws Fault when the outbox is open elsewhere or cannot be written.
 */
export function startPublisher(config: PublisherConfig, context: ServiceContext): AsyncDisposable {
  const { clock, logger, health, fail } = context;
  // Closed in reverse: no new readings, then the client disconnects, then the outbox closes.
  const opened = new AsyncDisposableStack();
  const brokerCheck = watchBroker(context);
  const outboxCheck = health.check("outbox");

  const outbox = opened.use(
    openOutbox({
      ...config.outbox,
      onOutcome: (outcome) => {
        metrics.readings.inc({ outcome: outcome.kind });
        if (outcome.kind === "abandoned")
          logger.warn(outcome, "a reading was abandoned: it has left the outbox unconfirmed");
      },
      onLocked: (isLocked) => {
        metrics.waitsForLock.set(Number(isLocked));
        if (isLocked) {
          outboxCheck.fail("another program has a write transaction open on the outbox");
          logger.warn(
            { file: config.outbox.file, remedy: "End that program's transaction, or the program." },
            "the outbox is locked: another program has a write transaction open. Readings wait until it ends",
          );
        } else {
          outboxCheck.pass();
          logger.info("the outbox is no longer locked");
        }
      },
      onFault: fail,
      clock,
    }),
  );
  outboxCheck.pass();
  const metrics = createMetrics(context.metrics, () => outbox.size().rows);

  const client = opened.use(
    createReconnectingClient({
      broker: config.broker,
      clientId: `weir-publisher-${randomUUID()}`,
      session: { kind: "clean" },
      subscriptions: [outbox.subscription],
      onMessage: outbox.receive,
      ...brokerCheck,
      onConnected: () => {
        brokerCheck.onConnected();
        outbox.connected(client);
      },
      onDisconnected: (reason) => {
        brokerCheck.onDisconnected(reason);
        outbox.disconnected();
      },
      clock,
      logger,
    }),
  );

  let pause: Disposable | null = null;
  opened.defer(() => pause?.[Symbol.dispose]());

  function publishAndPause(): void {
    publish().catch(fail);
    const pauseMs = randomInt(config.intervalMs.min, config.intervalMs.max + 1);
    pause = clock.schedule(pauseMs, publishAndPause);
  }

  async function publish(): Promise<void> {
    const reading = createReading(config, clock.now());
    const acceptance = await outbox.accept(config.topic, reading);
    metrics.readings.inc({ outcome: acceptance.kind });
    if (acceptance.kind === "refused") logger.warn({ reading }, `not sent: ${acceptance.reason}`);
    else logger.debug({ topic: config.topic, reading, seq: acceptance.seq }, "accepted");
  }

  client.start();
  publishAndPause();
  return opened;
}

function createReading({ number }: PublisherConfig, nowMs: number): DataPayload {
  return {
    number: randomInt(number.min, number.max + 1),
    epochtime: String(Math.floor(nowMs / 1_000)),
  };
}

/** @param waiting how many readings are in the outbox. */
function createMetrics(registry: Registry, waiting: () => number) {
  const registers = [registry];
  new Gauge({
    name: "weir_publisher_outbox_rows",
    help: "Readings that are not confirmed yet.",
    registers,
    collect() {
      this.set(waiting());
    },
  });
  return {
    waitsForLock: new Gauge({
      name: "weir_publisher_waits_for_lock",
      help: "1 while nothing is written to the outbox because another program has a write transaction open on it.",
      registers,
    }),
    /** Labels come from a fixed list. */
    readings: new Counter({
      name: "weir_publisher_readings_total",
      help: "Readings by outcome: accepted or refused by the outbox, delivered, abandoned.",
      labelNames: ["outcome"],
      registers,
    }),
  };
}
