import { randomInt, randomUUID } from "node:crypto";
import type { DataPayload, Flow } from "@weir/messages";
import { createLink } from "@weir/mqtt";
import { Counter, type ServiceContext } from "@weir/service";
import type { PublisherConfig } from "./config.ts";

export const flow: Flow = { subscribes: [], publishes: ["DATA"] };

/**
 * Publishes simulated readings: the first at once, each further one a random pause after the broker
 * has acknowledged the last. A reading that could not be handed over waits for the next connection.
 */
export function startPublisher(config: PublisherConfig, context: ServiceContext): AsyncDisposable {
  const { clock, logger, health, metrics } = context;
  const brokerCheck = health.check("broker");
  const published = new Counter({
    name: "weir_publisher_published_total",
    help: "Readings that the broker has acknowledged.",
    registers: [metrics],
  });

  let waiting: DataPayload | null = createReading(config, clock.now());
  let sending = false;
  let pause: Disposable | null = null;

  const link = createLink({
    broker: config.broker,
    clientId: `weir-publisher-${randomUUID()}`,
    session: { kind: "clean" },
    onConnected: () => {
      brokerCheck.pass();
      sendWaiting().catch(context.fail);
    },
    onDisconnected: brokerCheck.fail,
    clock,
    logger,
  });

  async function sendWaiting(): Promise<void> {
    if (waiting === null || sending) return;
    sending = true;
    const isSent = await send(waiting);
    sending = false;
    if (!isSent) return;
    waiting = null;
    const pauseMs = randomInt(config.intervalMs.min, config.intervalMs.max + 1);
    pause = clock.schedule(pauseMs, () => {
      waiting = createReading(config, clock.now());
      sendWaiting().catch(context.fail);
    });
  }

  async function send(reading: DataPayload): Promise<boolean> {
    try {
      await link.publish(config.topic, JSON.stringify(reading), { qos: 1 });
    } catch (error) {
      // The link says why it lost the broker; the reading waits for `onConnected`.
      logger.debug({ err: error }, "the reading waits for the broker");
      return false;
    }
    published.inc();
    logger.debug({ topic: config.topic, reading }, "published");
    return true;
  }

  link.start();
  return {
    [Symbol.asyncDispose]: async () => {
      pause?.[Symbol.dispose]();
      await link[Symbol.asyncDispose]();
    },
  };
}

function createReading({ number }: PublisherConfig, nowMs: number): DataPayload {
  return {
    number: randomInt(number.min, number.max + 1),
    epochtime: String(Math.floor(nowMs / 1_000)),
  };
}
