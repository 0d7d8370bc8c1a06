import { describe, expect, test } from "@jest/globals";
import { connack, eventually, type StandIn, startStandIn } from "@weir/testkit";
import type { Transport } from "../src/index.ts";
import { startTrial, TRANSPORTS, type Trial } from "./fixture.ts";

const AT_LEAST_ONCE = { qos: 1 } as const;

async function connectedTrial(url: string, transport: Transport): Promise<Trial> {
  const trial = startTrial(url, { transport });
  await eventually(() => trial.states.includes("connected"));
  return trial;
}

const published = ({ peers }: StandIn) =>
  peers.flatMap(({ received }) => received.filter((packet) => packet.cmd === "publish"));

describe.each(TRANSPORTS)("publishing over a client by %s", (transport) => {
  const connected = (url: string) => connectedTrial(url, transport);

  test("resolves with the broker's PUBACK", async () => {
    await using broker = await startStandIn();
    await using trial = await connected(broker.url);
    await trial.client.publish("a", "1", { ...AT_LEAST_ONCE, retain: true, expirySeconds: 30 });
    expect(published(broker)).toMatchObject([
      { topic: "a", qos: 1, retain: true, properties: { messageExpiryInterval: 30 } },
    ]);
  });

  test("sends response topic and correlation data to an MQTT 5 broker, and not to an older one", async () => {
    const correlationData = Buffer.from([0, 255]);
    const request = { responseTopic: "answers/7", correlationData };
    await using broker = await startStandIn();
    await using trial = await connected(broker.url);
    await trial.client.publish("a", "1", { ...AT_LEAST_ONCE, ...request });
    expect(published(broker)).toMatchObject([{ topic: "a", properties: request }]);

    await using old = await startStandIn({
      connect: ({ protocolVersion }, peer) => peer.send(connack(protocolVersion === 5 ? 0x84 : 0)),
    });
    await using older = await connected(old.url);
    await older.client.publish("a", "1", { ...AT_LEAST_ONCE, ...request, expirySeconds: 1 });
    expect(older.versions).toEqual([4]);
    expect(published(old)).toMatchObject([{ topic: "a", payload: Buffer.from("1") }]);
  });

  test("resolves for QoS 0 when the message is on its way", async () => {
    await using broker = await startStandIn({ publish: () => {} });
    await using trial = await connected(broker.url);
    await trial.client.publish("a", "1", { qos: 0 });
    await eventually(() => published(broker).length === 1);
  });

  test("rejects at once while there is no connection", async () => {
    await using broker = await startStandIn({ connect: () => {} });
    await using trial = startTrial(broker.url, { transport });
    await expect(trial.client.publish("a", "1", AT_LEAST_ONCE)).rejects.toThrow("no connection");
  });

  test("rejects, with the reason, when the connection ends before the answer", async () => {
    await using broker = await startStandIn({
      publish: (_, peer) => peer.send({ cmd: "disconnect", reasonCode: 0x8b }),
    });
    await using trial = await connected(broker.url);
    const publication = trial.client.publish("a", "1", AT_LEAST_ONCE);
    await expect(publication).rejects.toThrow("no answer from the broker: the broker ended");
  });

  test("rejects what the broker refuses, and stays connected", async () => {
    await using broker = await startStandIn({
      publish: ({ messageId = 0, topic }, peer) =>
        peer.send({ cmd: "puback", messageId, reasonCode: topic === "forbidden" ? 0x87 : 0 }),
    });
    await using trial = await connected(broker.url);
    const refused = trial.client.publish("forbidden", "1", AT_LEAST_ONCE);
    await expect(refused).rejects.toMatchObject({
      message: "Publish error: Not authorized",
      code: 0x87,
    });
    await trial.client.publish("allowed", "1", AT_LEAST_ONCE);
    expect(trial.states).toEqual(["connected"]);
  });

  test("has no more without an answer than the broker's Receive Maximum", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(0, { properties: { receiveMaximum: 2 } })),
      publish: () => {},
    });
    await using trial = await connected(broker.url);
    const publications = ["1", "2", "3"].map((payload) =>
      trial.client.publish("a", payload, AT_LEAST_ONCE),
    );
    // QoS 0 does not count, and would come behind the third.
    await trial.client.publish("sentinel", "", { qos: 0 });
    await eventually(() => published(broker).at(-1)?.topic === "sentinel");
    expect(published(broker)).toHaveLength(3);

    const answer = (messageId = 0) => broker.peers[0]?.send({ cmd: "puback", messageId });
    answer(published(broker)[0]?.messageId);
    await eventually(() => published(broker).length === 4);
    expect(published(broker).map(({ payload }) => String(payload))).toEqual(["1", "2", "", "3"]);
    answer(published(broker)[1]?.messageId);
    answer(published(broker)[3]?.messageId);
    await Promise.all(publications);
  });
});
