import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { eventually } from "@weir/testkit";
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";

const SUBSCRIBER = { clientId: "subscriber", clean: false } as const;

/** A client that notes each PUBLISH as it came, before MQTT.js makes anything of it. */
async function connect(
  port: number,
  options: IClientOptions = {},
  prepare: (client: MqttClient) => void = () => {},
) {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { manualConnect: true, ...options });
  const came: [topic: string, qos: number][] = [];
  client.on("packetreceive", (packet) => {
    if (packet.cmd === "publish") came.push([packet.topic, (packet as IPublishPacket).qos]);
  });
  prepare(client);
  client.connect();
  await new Promise((resolve) => client.once("connect", resolve));
  return { client, came, [Symbol.asyncDispose]: () => client.endAsync(true) };
}

async function publishAll(client: MqttClient, retain = false): Promise<void> {
  for (const qos of [0, 1, 2] as const) {
    await client.publishAsync(`a/${qos}`, "x", { qos, retain });
  }
}

const withQos = (max: number) => [0, 1, 2].map((qos) => [`a/${qos}`, Math.min(qos, max)]);

describe("the embedded broker sends no more than the granted QoS", () => {
  test.each([
    ["a/#", 0],
    ["a/#", 1],
    ["a/+", 1],
    ["#", 1],
    ["a/#", 2],
  ] as const)("live and retained, to a subscription %s of QoS %s", async (filter, qos) => {
    await using broker = await startBroker();
    await using publisher = await connect(broker.port);
    await using live = await connect(broker.port);
    await live.client.subscribeAsync(filter, { qos });
    await publishAll(publisher.client, true);
    await eventually(() => live.came.length === 3);
    expect(live.came).toEqual(withQos(qos));

    await using late = await connect(broker.port);
    await late.client.subscribeAsync(filter, { qos });
    await eventually(() => late.came.length === 3);
    expect(late.came).toEqual(withQos(qos));
  });

  test("of several subscriptions the highest counts", async () => {
    await using broker = await startBroker();
    await using publisher = await connect(broker.port);
    await using subscriber = await connect(broker.port);
    await subscriber.client.subscribeAsync({ "a/#": { qos: 1 }, "a/+": { qos: 2 } });
    await publishAll(publisher.client);
    await eventually(() => subscriber.came.length === 3);
    expect(subscriber.came).toEqual(withQos(2));
  });

  test("queued for a session whose client was away, and again when it did not acknowledge", async () => {
    await using broker = await startBroker();
    await using publisher = await connect(broker.port);
    {
      await using first = await connect(broker.port, SUBSCRIBER);
      await first.client.subscribeAsync("a/#", { qos: 1 });
    }
    await publishAll(publisher.client);
    const queued = withQos(1).slice(1);
    {
      await using silent = await connect(broker.port, SUBSCRIBER, (client) => {
        client.handleMessage = () => {};
      });
      await eventually(() => silent.came.length > 0);
    }
    await using second = await connect(broker.port, SUBSCRIBER);
    await eventually(() => second.came.length === 2);
    expect(second.came).toEqual(queued);
  });
});
