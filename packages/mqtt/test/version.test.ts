import { describe, expect, test } from "@jest/globals";
import { systemClock } from "@weir/runtime";
import { type Answers, connack, eventually, type StandIn, startStandIn } from "@weir/testkit";
import { negotiateConnection, openerFor } from "../src/connection/negotiate.ts";
import { receiverOf } from "../src/receiver.ts";
import { TRANSPORTS } from "./fixture.ts";

const NEVER = new AbortController().signal;

const optionsFor = ({ url }: StandIn, connectMs = 10_000) => ({
  url,
  username: null,
  password: null,
  clientId: "a",
  session: { kind: "clean" } as const,
  will: null,
  receiver: receiverOf({}),
  onOpened: () => {},
  timeouts: { connectMs, disconnectMs: 1_000 },
  clock: systemClock,
});

/** The versions that a client requested, in order. */
const askedVersions = ({ peers }: StandIn) =>
  peers.flatMap(({ received }) =>
    received.flatMap((packet) => (packet.cmd === "connect" ? [packet.protocolVersion] : [])),
  );

const REFUSALS: [string, Answers["connect"]][] = [
  [
    "a CONNACK of MQTT 3.1.1",
    (_, { socket }) => socket.write(Buffer.from([0x20, 0x02, 0x00, 0x01])),
  ],
  ["a CONNACK of MQTT 5", (_, peer) => peer.send(connack(0x84))],
  ["hanging up", (_, { socket }) => socket.end()],
  ["a reset", (_, { socket }) => socket.resetAndDestroy()],
];

describe.each(TRANSPORTS)("the protocol version by %s", (transport) => {
  const openConnection = openerFor(transport, { url: "mqtt://127.0.0.1" });

  test("is MQTT 5 where the broker speaks it", async () => {
    await using broker = await startStandIn();
    await using connection = await negotiateConnection(openConnection, optionsFor(broker), NEVER);
    expect([connection.protocolVersion, askedVersions(broker)]).toEqual([5, [5]]);
  });

  test.each(REFUSALS)("is MQTT 3.1.1 at once where MQTT 5 is refused by %s", async (_, refuse) => {
    await using broker = await startStandIn({
      connect: (packet, peer) =>
        packet.protocolVersion === 5 ? refuse?.(packet, peer) : peer.send(connack()),
    });
    await using connection = await negotiateConnection(openConnection, optionsFor(broker), NEVER);
    expect([connection.protocolVersion, askedVersions(broker)]).toEqual([4, [5, 4]]);
  });

  test("is not asked again when the broker refuses the user", async () => {
    await using broker = await startStandIn({ connect: (_, peer) => peer.send(connack(0x86)) });
    const negotiated = negotiateConnection(openConnection, optionsFor(broker), NEVER);
    await expect(negotiated).rejects.toMatchObject({ code: 0x86 });
    expect(askedVersions(broker)).toEqual([5]);
  });

  test("is not asked again when the broker says nothing in time", async () => {
    await using broker = await startStandIn({ connect: () => {} });
    const negotiated = negotiateConnection(openConnection, optionsFor(broker, 500), NEVER);
    await expect(negotiated).rejects.toThrow("timeout");
    // On a slow machine the time may be over before it has even asked.
    expect(askedVersions(broker)).not.toContain(4);
  });

  test("leaves no socket of an attempt that failed", async () => {
    await using broker = await startStandIn({ connect: (_, peer) => peer.send(connack(0x86)) });
    await expect(openConnection(optionsFor(broker), 5, NEVER)).rejects.toThrow();
    await eventually(() => broker.peers.every(({ socket }) => socket.readableEnded));
  });
});
