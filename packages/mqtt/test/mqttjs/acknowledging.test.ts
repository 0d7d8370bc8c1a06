import { describe, expect, test } from "@jest/globals";
import {
  acknowledged,
  acknowledgedIds,
  connack,
  eventually,
  message,
  startStandIn,
} from "@weir/testkit";
import { connectBare } from "./fixture.ts";

describe("MQTT.js, acknowledging", () => {
  test("sends PUBACK whatever a listener to 'message' still has to do", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(), message(1)),
    });
    const never = new Promise(() => {});
    await using _client = await connectBare(broker.url, {}, (client) =>
      client.on("message", async () => await never),
    );
    expect(await acknowledged(broker, 1)).toEqual([1]);
  });

  test("delays PUBACK, and every further message, until handleMessage calls back", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(), message(1), message(2)),
    });
    const handled: (() => void)[] = [];
    await using client = await connectBare(broker.url, {}, (bare) => {
      bare.handleMessage = (_, done) => handled.push(done);
    });
    await eventually(() => handled.length === 1);
    // A publication goes the same way out: were there a PUBACK, it would come first.
    await new Promise<void>((resolve) => {
      client.publish("sentinel", "", { qos: 0 }, () => resolve());
    });
    await eventually(() => broker.peers[0]?.received.some(({ cmd }) => cmd === "publish"));
    expect([handled.length, broker.peers.map(acknowledgedIds)]).toEqual([1, [[]]]);

    handled[0]?.();
    await eventually(() => handled.length === 2);
    expect(await acknowledged(broker, 1)).toEqual([1]);
  });

  test("sends no PUBACK when handleMessage ends with an error, and goes on", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(), message(1), message(2), message(3)),
    });
    const errors: Error[] = [];
    await using _client = await connectBare(broker.url, {}, (bare) => {
      bare.on("error", (error) => errors.push(error));
      bare.handleMessage = ({ messageId }, done) => {
        done(messageId === 3 ? undefined : new Error("not this one"));
      };
    });
    expect(await acknowledged(broker, 1)).toEqual([3]);
    expect(errors).toEqual([]);
  });
});
