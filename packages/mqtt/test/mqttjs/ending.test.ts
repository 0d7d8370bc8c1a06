import { describe, expect, test } from "@jest/globals";
import { connack, message, startStandIn } from "@weir/testkit";
import { connectBare, emitted } from "./fixture.ts";

const UNPARSABLE = Buffer.from([0xf0, 0x00]);

describe("MQTT.js, ending", () => {
  test("stays connected after a packet that it cannot parse", async () => {
    await using broker = await startStandIn();
    await using client = await connectBare(broker.url);
    broker.peers[0]?.socket.write(UNPARSABLE);
    await emitted(client, "error");
    expect([client.connected, client.stream.destroyed]).toEqual([true, false]);
  });

  test("loses what stands behind a packet that it cannot parse", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => {
        peer.socket.cork();
        peer.send(connack());
        peer.socket.write(UNPARSABLE);
        peer.send(message(1));
        peer.socket.uncork();
      },
    });
    const handled: string[] = [];
    await using client = await connectBare(broker.url, {}, (bare) => {
      bare.handleMessage = ({ payload }, done) => {
        handled.push(payload.toString());
        done();
      };
    });
    broker.peers[0]?.send(message(2, "sentinel"));
    await emitted(client, "message");
    expect(handled).toEqual(["sentinel"]);
  });

  test("leaves it to the broker to close the connection after its DISCONNECT", async () => {
    await using broker = await startStandIn();
    await using client = await connectBare(broker.url, { protocolVersion: 5 });
    broker.peers[0]?.send({ cmd: "disconnect", reasonCode: 0x8b });
    await emitted(client, "disconnect");
    expect([client.connected, client.stream.destroyed]).toEqual([true, false]);
  });

  test("ignores a forced end after a polite one that waits for a vanished broker", async () => {
    await using broker = await startStandIn({ publish: () => {} });
    await using client = await connectBare(broker.url);
    client.publish("a", "unanswered", { qos: 1 });
    client.end();
    await new Promise<void>((resolve) => client.end(true, {}, () => resolve()));
    expect(client.stream.destroyed).toBe(false);
  });

  test("never settles a publication that had no answer when the connection ended", async () => {
    await using broker = await startStandIn({
      publish: () => {},
      subscribe: (_, { socket }) => socket.destroy(),
    });
    await using client = await connectBare(broker.url, { clientId: "a", clean: false });
    const settled: string[] = [];
    client.publish("a", "unanswered", { qos: 1 }, () => settled.push("publication"));
    // What it does settle on the same path: subscriptions.
    await new Promise<void>((resolve) => {
      client.subscribe("b", () => {
        settled.push("subscription");
        resolve();
      });
    });
    expect([settled, client.stream.destroyed]).toEqual([["subscription"], true]);
  });
});
