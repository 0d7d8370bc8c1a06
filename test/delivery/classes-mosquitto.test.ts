import { describe, expect, test } from "@jest/globals";
import { createDelivery } from "@weir/delivery";
import type { InboundMessage } from "@weir/mqtt";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  hasDocker,
  startMosquitto,
  type TestClient,
} from "@weir/testkit";

/** Longer than a slow machine takes for the rest of the test: what has all of it left does not expire. */
const TTL_MS = 600_000;
const inDocker = hasDocker() ? describe : describe.skip;
const { logger } = createTestContext();
const brokerAt = (port: number) => ({
  url: `mqtt://127.0.0.1:${port}`,
  username: null,
  password: null,
});

/** A subscriber whose session the broker keeps while it is away; resolves when it is subscribed. */
const connectReceiver = (port: number): Promise<TestClient> =>
  connectTestClient(port, "home/#", {
    clientId: "receiver",
    session: { kind: "persistent", expirySeconds: 600 },
  });

function press(message: InboundMessage): unknown {
  return JSON.parse(message.payload.toString()).press;
}

inDocker("an event over MQTT 5", () => {
  test("is forgotten by the broker when what remained of its ttl is over", async () => {
    await using mosquitto = await startMosquitto();
    const { port } = mosquitto;
    await (await connectReceiver(port))[Symbol.asyncDispose]();

    const clock = createFakeClock(Date.now());
    await using delivery = createDelivery({
      client: {
        broker: brokerAt(port),
        clientId: "device",
        session: { kind: "clean" },
        logger,
      },
      kinds: { button: { class: "event", ttlMs: TTL_MS } },
      clock,
    });
    const late = delivery.send("button", "home/button", { press: "a second was left" });
    clock.advance(TTL_MS - 1_000);
    const early = delivery.send("button", "home/button", { press: "all of it was left" });
    delivery.start();
    expect(await Promise.all([late, early])).toEqual([
      { kind: "delivered" },
      { kind: "delivered" },
    ]);

    // The broker's clock is the one that no test can move: it counts 1 s, in whole seconds.
    const keptAtMs = Date.now();
    await eventually(() => Date.now() - keptAtMs > 2_500);
    await using receiver = await connectReceiver(port);
    await using witness = await connectTestClient(port);
    await witness.publish("home/button", JSON.stringify({ press: "sentinel" }), { qos: 1 });
    await eventually(() => receiver.received.some((message) => press(message) === "sentinel"));
    expect(receiver.received.map(press)).toEqual(["all of it was left", "sentinel"]);
  }, 180_000);
});
