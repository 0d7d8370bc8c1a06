import { describe, expect, test } from "@jest/globals";
import { connack, eventually, message, startStandIn } from "@weir/testkit";
import mqtt from "mqtt";
import { connectBare, emitted } from "./fixture.ts";

describe("MQTT.js, opening", () => {
  test("delivers what comes right behind CONNACK before one who awaits 'connect' can listen", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(0, { sessionPresent: true }), message(1)),
    });
    const handled: (number | undefined)[] = [];
    await using _client = await connectBare(broker.url, { clientId: "a", clean: false }, (bare) => {
      bare.handleMessage = ({ messageId }, done) => {
        handled.push(messageId);
        done();
      };
    });
    expect(handled).toEqual([1]);
  });

  test("reports a refused CONNACK with its code, and then closes", async () => {
    await using broker = await startStandIn({ connect: (_, peer) => peer.send(connack(5)) });
    const client = mqtt.connect(broker.url, { reconnectPeriod: 0 });
    const closed = emitted(client, "close");
    const [error] = await emitted(client, "error");
    expect(error).toMatchObject({ code: 5, message: "Connection refused: Not authorized" });
    await closed;
    expect(client.stream.destroyed).toBe(true);
  });

  test("reads the refusal of a broker that knows no MQTT 5, though it lacks the properties", async () => {
    await using broker = await startStandIn({
      connect: (_, { socket }) => socket.write(Buffer.from([0x20, 0x02, 0x00, 0x01])),
    });
    const client = mqtt.connect(broker.url, { reconnectPeriod: 0, protocolVersion: 5 });
    const [error] = await emitted(client, "error");
    expect(error).toMatchObject({ code: 1 });
    await eventually(() => client.stream.closed);
  });

  test("ignores the broker's Receive Maximum", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(0, { properties: { receiveMaximum: 1 } })),
      publish: () => {},
    });
    await using client = await connectBare(broker.url, { protocolVersion: 5 });
    client.publish("a", "1", { qos: 1 });
    client.publish("a", "2", { qos: 1 });
    const published = () => broker.peers[0]?.received.filter(({ cmd }) => cmd === "publish");
    await eventually(() => published()?.length === 2);
  });
});
