import { describe, expect, test } from "@jest/globals";
import { acknowledgedIds, connack, eventually, startStandIn } from "@weir/testkit";
import type { DroppedMessage, Transport } from "../src/index.ts";
import { createTaker, payloads, startTrial, TRANSPORTS } from "./fixture.ts";
import { rawPacket, rawPublish, validMessage } from "./raw-packets.ts";

const BATCH = { rowsMax: 1_000, bytesMax: 1_000_000, delayMs: 20 };
const NONE = Buffer.from([0]);
const QOS_1 = { flags: 2, packetId: 3, properties: NONE };

/** What is wrong, its bytes, and the reason code of DISCONNECT. */
type Case = [name: string, bytes: Buffer, reasonCode: number];

const CASES: Case[] = [
  ["a message of QoS 3", rawPublish({ ...QOS_1, flags: 6, topic: "a" }), 0x81],
  ["a topic longer than its packet", rawPacket(0x32, Buffer.from([0xff, 0xff, 0x61])), 0x81],
  ["a message that ends before its packet id", rawPacket(0x32, Buffer.from([0, 1, 0x61])), 0x81],
  ["a length of five bytes", Buffer.from([0x32, 0x80, 0x80, 0x80, 0x80, 0x01]), 0x81],
  ["a packet of type 0", Buffer.from([0x00, 0x00]), 0x82],
  ["PUBACK with reserved bits", Buffer.from([0x41, 0x02, 0x00, 0x01]), 0x81],
  ["PUBREL without its reserved bits", Buffer.from([0x60, 0x02, 0x00, 0x01]), 0x81],
  ["PUBREL without a packet id", Buffer.from([0x62, 0x01, 0x00]), 0x81],
  ["CONNACK once more", Buffer.from([0x20, 0x03, 0, 0, 0]), 0x82],
  ["PINGREQ", Buffer.from([0xc0, 0x00]), 0x82],
  ["AUTH", Buffer.from([0xf0, 0x00]), 0x82],
  ["SUBACK that ends too early", Buffer.from([0x90, 0x01, 0x00]), 0x81],
];

/** Sends a valid message, the bytes, and another valid message; returns what the client made of it. */
async function meet(bytes: Buffer, transport: Transport) {
  await using broker = await startStandIn({
    connect: (_, peer) => {
      peer.socket.cork();
      peer.send(connack());
      peer.socket.write(validMessage(1, 5));
      peer.socket.write(bytes);
      peer.socket.write(validMessage(2, 5));
      peer.socket.uncork();
    },
  });
  const taker = createTaker();
  await using trial = startTrial(broker.url, {
    transport,
    onBatch: taker.onBatch,
    batch: BATCH,
    reconnect: () => new Promise(() => {}),
  });
  await eventually(() => trial.states.at(-1) === "disconnected");
  const peer = await eventually(() => broker.peers[0]);
  await eventually(() => peer.socket.closed || peer.socket.readableEnded);
  const goodbye = peer.received.find(({ cmd }) => cmd === "disconnect");
  return {
    taken: payloads(taker.received),
    acknowledged: acknowledgedIds(peer),
    reasonCode: goodbye?.cmd === "disconnect" ? goodbye.reasonCode : undefined,
  };
}

describe("a broker that breaks the protocol", () => {
  describe.each(TRANSPORTS)("gets the reason, by %s", (transport) => {
    test.each(CASES)("of %s", async (_, bytes, reasonCode) => {
      expect(await meet(bytes, transport)).toEqual({
        taken: ["message 1"],
        acknowledged: [1],
        reasonCode,
      });
    });
  });

  test.each(TRANSPORTS)("has the packet named in the log, by %s", async (transport) => {
    const cut = rawPacket(0x34, Buffer.from([0, 9, 0x61, 0x2b, 0x62]));
    await using broker = await startStandIn({
      connect: (_, peer) => {
        peer.send(connack());
        peer.socket.write(cut);
      },
    });
    await using trial = startTrial(broker.url, {
      transport,
      onBatch: () => {},
      reconnect: () => new Promise(() => {}),
    });
    await eventually(() => trial.warnings.length > 0);
    expect(trial.warnings[0]).toContain(
      'a PUBLISH that ends too early (5 bytes behind its header, topic "a%2Bb")',
    );
  });

  test.each(TRANSPORTS)(
    "ends one connection over a packet that comes again, and %s then passes it over",
    async (transport) => {
      await using broker = await startStandIn({
        connect: (_, peer) => {
          peer.send(connack());
          peer.socket.write(rawPacket(0x32, Buffer.from([0xff, 0xff, 0x61])));
          peer.socket.write(validMessage(1, 5));
        },
      });
      const taker = createTaker();
      const dropped: DroppedMessage[] = [];
      await using trial = startTrial(broker.url, {
        transport,
        onBatch: taker.onBatch,
        batch: BATCH,
        onDropped: (one) => dropped.push(one),
        reconnect: () => Promise.resolve(),
      });
      await eventually(() => taker.received.length > 0);
      expect(payloads(taker.received)).toEqual(["message 1"]);
      expect(trial.states.at(-1)).toBe("connected");
      expect(dropped).toEqual([{ reason: "unreadable", topic: "a", bytes: 3 }]);
    },
  );

  test.each(TRANSPORTS)("is left by %s when it begins with a message", async (transport) => {
    await using broker = await startStandIn({
      connect: (_, { socket }) => socket.write(validMessage(1, 5)),
    });
    const taker = createTaker();
    await using trial = startTrial(broker.url, {
      transport,
      onBatch: taker.onBatch,
      batch: BATCH,
      reconnect: () => new Promise(() => {}),
    });
    await eventually(() => trial.states.at(-1) === "disconnected");
    expect(taker.received).toEqual([]);
    expect(broker.peers.flatMap(acknowledgedIds)).toEqual([]);
  });
});
