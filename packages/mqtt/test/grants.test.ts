import { describe, expect, test } from "@jest/globals";
import {
  type Answers,
  connack,
  createFakeClock,
  eventually,
  type Peer,
  type StandIn,
  startStandIn,
} from "@weir/testkit";
import type { IConnackPacket } from "mqtt-packet";
import type { ClientOptions, Shortfall } from "../src/index.ts";
import { startTrial, TRANSPORTS, type Trial } from "./fixture.ts";

const A = { filter: "a", qos: 1 } as const;
const B = { filter: "b", qos: 1 } as const;

/** A broker whose CONNACK of MQTT 5 has these properties. */
const granting = (properties: IConnackPacket["properties"], answers: Answers = {}) =>
  startStandIn({
    connect: (_, peer) => peer.send(connack(0, { properties: properties ?? {} })),
    ...answers,
  });

/** A broker that answers each filter with its code; with the QoS where it has none. */
const answering = (codes: Readonly<Record<string, number>>): Answers => ({
  subscribe: ({ messageId = 0, subscriptions }, peer) =>
    peer.send({
      cmd: "suback",
      messageId,
      granted: subscriptions.map(({ topic, qos }) => codes[topic] ?? qos),
    }),
});

async function connected(
  broker: StandIn,
  options: Partial<ClientOptions>,
): Promise<Trial & { shortfalls: () => readonly Shortfall[] }> {
  let newest: readonly Shortfall[] = [];
  const trial = startTrial(broker.url, {
    onShortfalls: (found) => {
      newest = found;
    },
    random: () => 0,
    ...options,
  });
  await eventually(() => trial.states.at(-1) === "connected");
  return { ...trial, shortfalls: () => newest };
}

const published = ({ received }: Peer) => received.filter(({ cmd }) => cmd === "publish");
const kinds = (found: readonly Shortfall[]): string[] => found.map(({ kind }) => kind);

describe.each(TRANSPORTS)("what a broker does not grant, by %s:", (transport) => {
  test("retained messages are published without retain where it keeps none", async () => {
    await using broker = await granting({ retainAvailable: false });
    await using trial = await connected(broker, { transport });
    await trial.client.publish("a", "1", { qos: 1, retain: true });
    expect(published(broker.peers[0] as Peer)).toMatchObject([{ retain: false, qos: 1 }]);
    expect(kinds(trial.shortfalls())).toEqual(["retain"]);
    expect(trial.warnings).toEqual([expect.stringContaining("keeps no retained messages")]);
  });

  test("messages are published with QoS 0 where it takes no other", async () => {
    await using broker = await granting({ maximumQoS: 0 });
    await using trial = await connected(broker, { transport });
    await trial.client.publish("a", "1", { qos: 1 });
    await eventually(() => published(broker.peers[0] as Peer).length === 1);
    expect(published(broker.peers[0] as Peer)).toMatchObject([{ qos: 0 }]);
    expect(kinds(trial.shortfalls())).toEqual(["qos"]);
  });

  test("a will loses what the broker refuses of it", async () => {
    await using broker = await startStandIn({
      connect: ({ will }, peer) => {
        if (will?.retain) peer.send(connack(0x9a));
        else if (will?.qos === 1) peer.send(connack(0x9b));
        else peer.send(connack(0, { properties: { retainAvailable: false, maximumQoS: 0 } }));
      },
    });
    await using trial = await connected(broker, { transport, availability: { topic: "there" } });
    await eventually(() => published(broker.peers.at(-1) as Peer).length === 1);
    expect(published(broker.peers.at(-1) as Peer)).toMatchObject([
      { topic: "there", qos: 0, retain: false },
    ]);
    expect(kinds(trial.shortfalls())).toEqual(["retain", "qos"]);
  });

  test("a message that is larger than it takes is refused here, and smaller ones are sent", async () => {
    await using broker = await granting({ maximumPacketSize: 100 });
    await using trial = await connected(broker, { transport });
    // 31 characters, 93 bytes.
    await expect(trial.client.publish("a", "€".repeat(31), { qos: 1 })).rejects.toMatchObject({
      code: 0x95,
    });
    await trial.client.publish("a", "x".repeat(80), { qos: 1 });
    expect(published(broker.peers[0] as Peer)).toHaveLength(1);
    expect(kinds(trial.shortfalls())).toEqual(["packet size"]);
  });

  test("a session that it keeps for a shorter time is reported, and one kept as requested is not", async () => {
    await using broker = await granting({ sessionExpiryInterval: 86_400 });
    const session = (expirySeconds: number) => ({ kind: "persistent", expirySeconds }) as const;
    await using trial = await connected(broker, { transport, session: session(2_592_000) });
    expect(kinds(trial.shortfalls())).toEqual(["session expiry"]);
    expect(trial.shortfalls()[0]?.reason).toContain("86400 s instead of 2592000 s");
    await using other = await connected(broker, { transport, session: session(3_600) });
    expect(other.shortfalls()).toEqual([]);
  });

  test("identifiers that it does not have are not sent, and the owner subscribes without", async () => {
    await using broker = await granting({ subscriptionIdentifiersAvailable: false });
    await using trial = await connected(broker, {
      transport,
      subscriptions: ({ identifiers }) => [{ ...(identifiers ? A : B), identifier: 7 }],
    });
    const [, subscribe] = broker.peers[0]?.received ?? [];
    expect(subscribe).toMatchObject({ cmd: "subscribe", subscriptions: [{ topic: "b" }] });
    expect(subscribe).not.toHaveProperty("properties.subscriptionIdentifier");
    expect(kinds(trial.shortfalls())).toEqual(["identifiers"]);
  });

  test("a filter that it refuses is named, and the others are subscribed to", async () => {
    await using broker = await startStandIn(answering({ b: 0x87 }));
    await using trial = await connected(broker, { transport, subscriptions: [A, B] });
    broker.peers[0]?.send({
      cmd: "publish",
      topic: "a",
      payload: "1",
      qos: 0,
      dup: false,
      retain: false,
    });
    await eventually(() => trial.received.length === 1);
    expect(trial.shortfalls()).toEqual([
      { kind: "filter", reason: expect.stringContaining("cannot subscribe to b: Not authorized") },
    ]);
    expect(trial.warnings).toHaveLength(1);
  });

  test("a filter that it refuses is requested again after a while, and reported when it is granted", async () => {
    const codes: Record<string, number> = { b: 0x87 };
    // Without keepalive, which a minute in one step would end.
    await using broker = await granting({ serverKeepAlive: 0 }, answering(codes));
    const clock = createFakeClock();
    await using trial = await connected(broker, { transport, clock, subscriptions: [A, B] });
    codes.b = 1;
    clock.advance(60_000);
    await eventually(() => trial.shortfalls().length === 0);
    const asked = (broker.peers[0] as Peer).received.filter(({ cmd }) => cmd === "subscribe");
    expect(asked).toMatchObject([{}, { subscriptions: [{ topic: "b" }] }]);
    expect(trial.states).toEqual(["connected"]);
  });

  test("a filter that it refuses ends the connection where the owner cannot do without", async () => {
    const codes: Record<string, number> = { b: 0x87 };
    await using broker = await startStandIn(answering(codes));
    await using trial = startTrial(broker.url, {
      transport,
      subscriptions: [A, B],
      random: () => 0,
    });
    await eventually(() => trial.warnings.length === 1);
    expect(trial.warnings[0]).toContain("cannot subscribe to b: Not authorized");
    codes.b = 1;
    await eventually(() => trial.states.at(-1) === "connected");
  });

  test("wildcards and shared subscriptions that it does not have are not requested: it would close the connection", async () => {
    await using broker = await granting({
      wildcardSubscriptionAvailable: false,
      sharedSubscriptionAvailable: false,
    });
    const subscriptions = ["a", "b/+", "$share/g/c"].map((filter) => ({ filter, qos: 1 as const }));
    await using trial = await connected(broker, { transport, subscriptions });
    const [, subscribe] = broker.peers[0]?.received ?? [];
    expect(subscribe).toMatchObject({ cmd: "subscribe", subscriptions: [{ topic: "a" }] });
    const reasons = trial.shortfalls().map(({ reason }) => reason);
    expect(reasons).toEqual([
      expect.stringContaining("b/+: Wildcard Subscriptions not supported"),
      expect.stringContaining("$share/g/c: Shared Subscriptions not supported"),
    ]);
  });

  test.each([4, 5] as const)(
    "a lower QoS is reported in version %s, also when the session is found again",
    async (version) => {
      await using broker = await startStandIn({
        connect: ({ protocolVersion }, peer) =>
          protocolVersion === version
            ? peer.send(connack(0, { sessionPresent: broker.peers.length > 2 }))
            : peer.send(connack(1)),
        ...answering({ a: 0 }),
      });
      await using trial = await connected(broker, {
        transport,
        session: { kind: "persistent", expirySeconds: 60 },
        subscriptions: [A, B],
      });
      expect(kinds(trial.shortfalls())).toEqual(["granted qos"]);
      expect(trial.shortfalls()[0]?.reason).toContain("QoS 0 instead of 1 to a:");
      broker.peers.at(-1)?.socket.destroy();
      await eventually(() => trial.states.length === 3);
      expect(kinds(trial.shortfalls())).toEqual(["granted qos"]);
      // Once, however often it connects; the other line is the lost connection.
      expect(trial.warnings.filter((one) => one.includes("QoS 0 instead"))).toHaveLength(1);
    },
  );

  test("filters are distinguished whatever they look like", async () => {
    await using broker = await startStandIn(answering({ "1": 0x80 }));
    const subscriptions = ["b", "2", "1", "a"].map((filter) => ({ filter, qos: 1 as const }));
    await using trial = await connected(broker, { transport, subscriptions });
    expect(trial.shortfalls().map(({ reason }) => reason)).toEqual([
      expect.stringContaining("cannot subscribe to 1:"),
    ]);
  });
});
