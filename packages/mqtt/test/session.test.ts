import { describe, expect, test } from "@jest/globals";
import { eventually } from "@weir/testkit";
import { startTrial } from "./fixture.ts";
import { connack, startStandIn } from "./stand-in.ts";

const PERSISTENT = {
  session: { kind: "persistent", expirySeconds: 3_600 },
  subscriptions: [{ filter: "DATA", qos: 1 }],
  random: () => 0,
} as const;

/** Connects twice; whether the session is there the second time, the test decides. */
async function subscriptionsOf(options: { isKept: boolean }): Promise<number[]> {
  await using broker = await startStandIn({
    connect: (_, peer) => {
      const sessionPresent = options.isKept && broker.peers.length > 1;
      peer.send(connack(0, { sessionPresent }));
    },
  });
  await using trial = startTrial(broker.url, PERSISTENT);
  await eventually(() => trial.states.length === 1);
  broker.peers[0]?.socket.destroy();
  await eventually(() => trial.states.length === 3);
  // A publication goes the same way out behind any subscription.
  await trial.link.publish("sentinel", "", { qos: 1 });
  return broker.peers.map(
    ({ received }) => received.filter(({ cmd }) => cmd === "subscribe").length,
  );
}

describe("a persistent session", () => {
  test("is asked for with its expiry", async () => {
    await using broker = await startStandIn();
    await using trial = startTrial(broker.url, PERSISTENT);
    await eventually(() => trial.states.length === 1);
    expect(broker.peers[0]?.received[0]).toMatchObject({
      clean: false,
      properties: { sessionExpiryInterval: 3_600, receiveMaximum: 65_535 },
    });
  });

  test("is not subscribed again while the broker keeps it", async () => {
    expect(await subscriptionsOf({ isKept: true })).toEqual([1, 0]);
  });

  test("is subscribed again when the broker has lost it", async () => {
    expect(await subscriptionsOf({ isKept: false })).toEqual([1, 1]);
  });

  test("is subscribed at the start even if it is there: its filters may be another time's", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(0, { sessionPresent: true })),
    });
    await using trial = startTrial(broker.url, PERSISTENT);
    await eventually(() => trial.states.length === 1);
    expect(broker.peers[0]?.received[1]).toMatchObject({
      cmd: "subscribe",
      subscriptions: [{ topic: "DATA", qos: 1, rh: 1 }],
    });
  });
});
