import { describe, expect, test } from "@jest/globals";
import { acknowledgedIds, connack, eventually, message, startStandIn } from "@weir/testkit";
import { createSessionMemory, type Transport } from "../src/index.ts";
import { createTaker, payloads, startTrial, TRANSPORTS } from "./fixture.ts";

const PERSISTENT = {
  session: { kind: "persistent", expirySeconds: 3_600 },
  subscriptions: [{ filter: "DATA", qos: 1 }],
  random: () => 0,
} as const;

/** Connects twice; whether the session is there the second time, the test decides. */
async function subscriptionsOf(options: {
  isKept: boolean;
  transport: Transport;
}): Promise<number[]> {
  await using broker = await startStandIn({
    connect: (_, peer) => {
      const sessionPresent = options.isKept && broker.peers.length > 1;
      peer.send(connack(0, { sessionPresent }));
    },
  });
  await using trial = startTrial(broker.url, { ...PERSISTENT, transport: options.transport });
  await eventually(() => trial.states.length === 1);
  broker.peers[0]?.socket.destroy();
  await eventually(() => trial.states.length === 3);
  // A publication goes the same way out behind any subscription.
  await trial.client.publish("sentinel", "", { qos: 1 });
  return broker.peers.map(
    ({ received }) => received.filter(({ cmd }) => cmd === "subscribe").length,
  );
}

describe.each(TRANSPORTS)("a persistent session by %s", (transport) => {
  test("is requested with its expiry", async () => {
    await using broker = await startStandIn();
    await using trial = startTrial(broker.url, { transport, ...PERSISTENT });
    await eventually(() => trial.states.length === 1);
    expect(broker.peers[0]?.received[0]).toMatchObject({
      clean: false,
      properties: { sessionExpiryInterval: 3_600, receiveMaximum: 65_535 },
    });
  });

  test.each([
    ["of its options", "mqtt://", { username: "logger", password: "secret" }],
    ["of its URL", "mqtt://logger:secret@", { username: null, password: null }],
    [
      "of its options before those of its URL",
      "mqtt://u:p@",
      { username: "logger", password: "secret" },
    ],
    ["of both", "mqtt://logger@", { username: null, password: "secret" }],
  ])("is requested with the user and the password %s", async (_, scheme, credentials) => {
    await using broker = await startStandIn();
    await using trial = startTrial(broker.url, {
      transport,
      ...PERSISTENT,
      broker: { url: broker.url.replace("mqtt://", scheme), ...credentials },
    });
    await eventually(() => trial.states.length === 1);
    expect(broker.peers[0]?.received[0]).toMatchObject({
      username: "logger",
      password: Buffer.from("secret"),
    });
  });

  test("is not subscribed again while the broker keeps it", async () => {
    expect(await subscriptionsOf({ isKept: true, transport })).toEqual([1, 0]);
  });

  test("is subscribed again when the broker has lost it", async () => {
    expect(await subscriptionsOf({ isKept: false, transport })).toEqual([1, 1]);
  });

  test("is subscribed at the start even if it is there: its filters may be another time's", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(0, { sessionPresent: true })),
    });
    await using trial = startTrial(broker.url, { transport, ...PERSISTENT });
    await eventually(() => trial.states.length === 1);
    expect(broker.peers[0]?.received[1]).toMatchObject({
      cmd: "subscribe",
      subscriptions: [{ topic: "DATA", qos: 1, rh: 1 }],
    });
  });

  test.each(["CONNECT", "SUBSCRIBE"])(
    "is subscribed again when its owner was cut off behind %s: it may be new, and empty",
    async (cutBehind) => {
      await using broker = await startStandIn({
        connect: (_, peer) => {
          const life = broker.peers.length;
          if (life === 2 && cutBehind === "CONNECT") peer.socket.destroy();
          // The broker has lost the session after the first life; the second one makes a new one.
          else peer.send(connack(0, { sessionPresent: life > 2 }));
        },
        subscribe: ({ messageId = 0 }, peer) => {
          if (broker.peers.length === 2) peer.socket.destroy();
          else peer.send({ cmd: "suback", messageId, granted: [1] });
        },
      });
      await using trial = startTrial(broker.url, { transport, ...PERSISTENT });
      await eventually(() => trial.states.length === 1);
      broker.peers[0]?.socket.destroy();
      await eventually(() => trial.states.at(-1) === "connected" && trial.states.length > 1);
      expect(broker.peers.at(-1)?.received.map(({ cmd }) => cmd)).toContain("subscribe");
    },
  );

  test("is subscribed again by the next process when the last one ended behind its CONNECT", async () => {
    const sessionMemory = createSessionMemory();
    const options = { ...PERSISTENT, sessionMemory };
    {
      await using broker = await startStandIn();
      await using trial = startTrial(broker.url, { transport, ...options });
      await eventually(() => trial.states.length === 1);
    }
    expect(sessionMemory.load().isAgreed).toBe(true);
    {
      // It has CONNECT, and does not answer any more.
      await using broker = await startStandIn({ connect: () => {} });
      await using _trial = startTrial(broker.url, { transport, ...options });
      await eventually(() => broker.peers[0]?.received.length === 1);
      expect(sessionMemory.load()).toMatchObject({ isAgreed: false, subscriptions: [{}] });
    }
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(0, { sessionPresent: true })),
    });
    await using trial = startTrial(broker.url, { transport, ...options });
    await eventually(() => trial.states.length === 1);
    expect(broker.peers[0]?.received.map(({ cmd }) => cmd)).toContain("subscribe");
  });

  test.each([
    ["MQTT 3.1.1", 4],
    ["MQTT 5 without identifiers", 5],
  ] as const)(
    "of another client is dropped unread where the broker speaks %s",
    async (_, version) => {
      let isThere = true;
      await using broker = await startStandIn({
        connect: ({ protocolVersion, clean }, peer) => {
          if (protocolVersion !== version) {
            peer.send(connack(1));
            return;
          }
          const properties = { subscriptionIdentifiersAvailable: false };
          if (clean) isThere = false;
          // What is queued comes right behind CONNACK.
          if (isThere) peer.send(connack(0, { sessionPresent: true, properties }), message(1));
          else peer.send(connack(0, { properties }));
        },
      });
      const memory = createSessionMemory();
      const sessionMemory = {
        ...memory,
        load: () => ({ ...memory.load(), isStrange: !memory.load().isAgreed }),
      };
      const { received, onBatch } = createTaker();
      await using trial = startTrial(broker.url, {
        transport,
        ...PERSISTENT,
        sessionMemory,
        onBatch,
      });
      await eventually(() => trial.states.length === 1);
      expect(trial.states).toEqual(["connected"]);
      // A message of the new session comes behind anything of the old one.
      broker.peers.at(-1)?.send(message(2));
      await eventually(() => received.length > 0);
      expect(payloads(received)).toEqual(["message 2"]);
      expect(broker.peers.flatMap(acknowledgedIds)).not.toContain(1);
      expect(trial.warnings[0]).toContain("it was dropped");
    },
  );

  test("of another client goes on where identifiers distinguish its subscriptions", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(0, { sessionPresent: true }), message(1)),
    });
    const memory = createSessionMemory();
    const sessionMemory = { ...memory, load: () => ({ ...memory.load(), isStrange: true }) };
    const { received, onBatch } = createTaker();
    await using trial = startTrial(broker.url, {
      transport,
      ...PERSISTENT,
      sessionMemory,
      onBatch,
    });
    await eventually(() => received.length === 1);
    await eventually(() => trial.states.length === 1);
    expect(broker.peers).toHaveLength(1);
    expect(trial.warnings).toEqual([expect.stringContaining("it goes on")]);
  });
});
