import { describe, expect, test } from "@jest/globals";
import { createDelivery } from "@weir/delivery";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  hasDocker,
  startMosquitto,
} from "@weir/testkit";
import mqtt, { type IPublishPacket } from "mqtt";

const CONFIGURATION = "mosquitto/mosquitto.conf";
const inDocker = hasDocker() ? describe : describe.skip;

/** A client of MQTT 5 with a session, and all that is in the packets it gets. */
async function connectReceiver(port: number, clientId: string) {
  const packets: IPublishPacket[] = [];
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 5,
    clientId,
    clean: false,
    properties: { sessionExpiryInterval: 600 },
    manualConnect: true,
    reconnectPeriod: 0,
  });
  client.on("message", (_topic, _payload, packet) => packets.push(packet));
  const connected = Promise.withResolvers<void>();
  client.once("connect", () => connected.resolve());
  client.connect();
  await connected.promise;
  return { client, packets, [Symbol.asyncDispose]: () => client.endAsync() };
}

inDocker("an event over MQTT 5", () => {
  test("takes what remains of its ttl along, and is forgotten by the broker when that is over", async () => {
    await using mosquitto = await startMosquitto(CONFIGURATION);
    const { port } = mosquitto;
    const clock = createFakeClock(Date.now());
    await using delivery = createDelivery({
      link: {
        broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
        clientId: "device",
        session: { kind: "clean" },
        logger: createTestContext().logger,
      },
      kinds: {
        button: { class: "event" },
        doorbell: { class: "event", ttlMs: 1_000 },
      },
      clock,
    });
    {
      await using receiver = await connectReceiver(port, "receiver");
      await receiver.client.subscribeAsync("home/#", { qos: 1 });
      const pressed = delivery.send("button", "home/button", { press: 1 });
      clock.advance(10_000);
      delivery.start();
      expect(await pressed).toEqual({ kind: "delivered" });
      const [packet] = await eventually(() => receiver.packets.length > 0 && receiver.packets);
      // The broker takes off the whole seconds that it had the message.
      expect([4, 5]).toContain(packet?.properties?.messageExpiryInterval);
    }

    // The receiver is away; the broker keeps both for its session.
    expect(await delivery.send("doorbell", "home/button", { press: 2 })).toMatchObject({
      kind: "delivered",
    });
    await using witness = await connectTestClient(port);
    await witness.publish("home/button", JSON.stringify({ press: "sentinel" }), { qos: 1 });
    // The broker's clock is the one that no test can move: it counts 1 s, in whole seconds.
    const keptAtMs = Date.now();
    await eventually(() => Date.now() - keptAtMs > 2_500);
    await using receiver = await connectReceiver(port, "receiver");
    const packets = await eventually(() => receiver.packets.length > 0 && receiver.packets);
    expect(packets.map(({ payload }) => JSON.parse(String(payload)).press)).toEqual(["sentinel"]);
  }, 60_000);
});
