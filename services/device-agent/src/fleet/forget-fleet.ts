import { randomUUID } from "node:crypto";
import type { Clock } from "@weir/clock";
import { deviceTopics } from "@weir/messages";
import { createLink } from "@weir/mqtt";
import { createLogger } from "@weir/service";
import type { FleetRequest } from "./command-line.ts";

/** A broker that is away keeps what it has. */
const TIMEOUT_MS = 10_000;

/** Takes the availability of simulated devices out of the broker, which would keep it for good. */
export async function forgetFleet(
  { broker, devices, prefix, name }: FleetRequest,
  clock: Clock,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  await using link = createLink({
    broker,
    clientId: `weir-fleet-${randomUUID()}`,
    session: { kind: "clean" },
    onConnected: () => void clear().then(over.resolve, over.resolve),
    clock,
    logger: createLogger("fleet", { logLevel: "error", logFormat: "auto" }),
  });
  using _timer = clock.schedule(TIMEOUT_MS, () => over.resolve());

  async function clear(): Promise<void> {
    const ids = Array.from({ length: devices }, (_, index) => `${name}-${index + 1}`);
    const topics = ids.map((id) => deviceTopics({ prefix, id }).availability);
    // A retained message without a payload removes the one before [MQTT-3.3.1-6].
    await Promise.all(topics.map((topic) => link.publish(topic, "", { qos: 1, retain: true })));
  }

  link.start();
  await over.promise;
}
