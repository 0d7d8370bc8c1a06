import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { systemClock } from "@weir/runtime";
import { type Answers, acknowledgedIds, connack, message, startStandIn } from "@weir/testkit";
import { probeBroker } from "../src/index.ts";

const OPTIONS = {
  expirySeconds: 3_600,
  subscriptions: [{ filter: "a/#", qos: 1 }],
  clock: systemClock,
  signal: new AbortController().signal,
} as const;

const probe = (url: string) => probeBroker({ url, username: null, password: null }, OPTIONS);

/** A broker that answers so, and says its version. */
const answering = (answers: Answers) =>
  startStandIn({
    subscribe: ({ messageId = 0, subscriptions }, peer) => {
      peer.send(
        { cmd: "suback", messageId, granted: subscriptions.map(({ qos }) => qos) },
        { ...message(0, "mosquitto version 2.1.2"), topic: "$SYS/broker/version", retain: true },
      );
    },
    ...answers,
  });

describe("a look at a broker", () => {
  test("shows what it is and grants, and leaves no session there", async () => {
    await using broker = await answering({
      connect: (_, peer) =>
        peer.send(connack(0, { properties: { receiveMaximum: 20, sessionExpiryInterval: 60 } })),
    });
    expect(await probe(broker.url)).toMatchObject({
      kind: "answered",
      protocolVersion: 5,
      grants: { receiveMaximum: 20 },
      shortfalls: [{ kind: "session expiry" }],
      version: "mosquitto version 2.1.2",
    });
    const connects = broker.peers.map(({ received }) => received[0]);
    expect(connects).toMatchObject([
      { cmd: "connect", clean: false, properties: { sessionExpiryInterval: 3_600 } },
      { cmd: "connect", clean: true, properties: { sessionExpiryInterval: 0 } },
    ]);
    const [kept, removed] = connects.map((packet) => packet?.cmd === "connect" && packet.clientId);
    expect(kept).toBe(removed);
  });

  test("shows the filters that it refuses", async () => {
    await using broker = await answering({
      subscribe: ({ messageId = 0 }, peer) =>
        peer.send({ cmd: "suback", messageId, granted: [0x87, 0x87] }),
    });
    expect(await probe(broker.url)).toMatchObject({
      shortfalls: [{ kind: "filter", reason: expect.stringContaining("cannot subscribe to a/#") }],
      version: null,
    });
  });

  test("takes nothing of a session that is another client's", async () => {
    await using broker = await answering({
      connect: (_, peer) => peer.send(connack(0, { sessionPresent: true }), message(1), message(2)),
    });
    expect(await probe(broker.url)).toEqual({ kind: "shared session" });
    expect(broker.peers.map((peer) => acknowledgedIds(peer))).toEqual([[]]);
  });

  test("goes on with MQTT 3.1.1", async () => {
    await using broker = await startBroker();
    expect(await probe(`mqtt://127.0.0.1:${broker.port}`)).toMatchObject({
      kind: "answered",
      protocolVersion: 4,
      shortfalls: [],
      version: expect.stringMatching(/^aedes/),
    });
  });

  test("says why there is no connection, and what to do", async () => {
    await using broker = await answering({ connect: (_, peer) => peer.send(connack(0x86)) });
    expect(await probe(broker.url)).toEqual({
      kind: "away",
      reason: expect.stringContaining("Bad User Name or Password"),
      remedy: expect.stringContaining("BROKER_USERNAME"),
    });
  });

  test("says that a port may be one without TLS", async () => {
    const server = createServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    expect(await probe(`mqtts://127.0.0.1:${port}`)).toEqual({
      kind: "away",
      reason: expect.stringContaining("its port may be one without TLS"),
      remedy: expect.stringContaining("mqtt:// in place of mqtts://"),
    });
    server.close();
  });
});
