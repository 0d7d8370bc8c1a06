import { describe, expect, test } from "@jest/globals";
import { eventually } from "@weir/testkit";
import type { Transport } from "../src/index.ts";
import { createTaker, payloads, startTrial } from "./fixture.ts";
import { rawPacket, rawPublish, soundMessage } from "./raw-packets.ts";
import { acknowledgedIds, connack, startStandIn } from "./stand-in.ts";
import { TRANSPORTS } from "./transports.ts";

const BATCH = { rowsMax: 1_000, bytesMax: 1_000_000, delayMs: 20 };
const NONE = Buffer.from([0]);
const QOS_1 = { flags: 2, packetId: 3, properties: NONE };

/** What is wrong, its bytes, and the reason code that it is told with. */
type Case = [name: string, bytes: Buffer, reasonCode: number];

/** What both transports find. */
const FOUND_BY_BOTH: Case[] = [
  ["a message of QoS 3", rawPublish({ ...QOS_1, flags: 6, topic: "a" }), 0x81],
  ["a message of QoS 2", rawPublish({ ...QOS_1, flags: 4, topic: "a" }), 0x82],
  ["packet id 0", rawPublish({ ...QOS_1, topic: "a", packetId: 0 }), 0x82],
  ["an empty topic", rawPublish({ ...QOS_1, topic: "" }), 0x90],
  ["a topic with +", rawPublish({ ...QOS_1, topic: "a/+" }), 0x90],
  ["a topic with #", rawPublish({ ...QOS_1, topic: "#" }), 0x90],
  ["a topic with NUL", rawPublish({ ...QOS_1, topic: "a\0b" }), 0x90],
  ["a topic longer than its packet", rawPacket(0x32, Buffer.from([0xff, 0xff, 0x61])), 0x81],
  ["a length of five bytes", Buffer.from([0x32, 0x80, 0x80, 0x80, 0x80, 0x01]), 0x81],
  ["a packet of type 0", Buffer.from([0x00, 0x00]), 0x82],
  ["PUBACK with reserved bits", Buffer.from([0x41, 0x02, 0x00, 0x01]), 0x81],
  [
    "an unknown property",
    rawPublish({ ...QOS_1, topic: "a", properties: Buffer.from([2, 0x7f, 0]) }),
    0x81,
  ],
];

/** What MQTT.js takes as it is, passes over, or ends without an acknowledgement for what came before. */
const FOUND_BY_DIRECT: Case[] = [
  ["a topic that is not UTF-8", rawPublish({ ...QOS_1, topic: Buffer.from([0xc3, 0x28]) }), 0x90],
  [
    "half of a surrogate pair in a topic",
    rawPublish({ ...QOS_1, topic: Buffer.from([0xed, 0xa0, 0x80]) }),
    0x90,
  ],
  [
    "a topic alias, which was not allowed",
    rawPublish({ ...QOS_1, topic: "a", properties: Buffer.from([3, 0x23, 0, 1]) }),
    0x94,
  ],
  ["CONNACK once more", Buffer.from([0x20, 0x03, 0, 0, 0]), 0x82],
  ["PINGREQ", Buffer.from([0xc0, 0x00]), 0x82],
  ["AUTH", Buffer.from([0xf0, 0x00]), 0x82],
  [
    "subscription identifier 0",
    rawPublish({ ...QOS_1, topic: "a", properties: Buffer.from([2, 0x0b, 0]) }),
    0x82,
  ],
  [
    "a property twice",
    rawPublish({ ...QOS_1, topic: "a", properties: Buffer.from([4, 1, 0, 1, 0]) }),
    0x82,
  ],
  [
    "properties longer than the packet",
    rawPublish({ ...QOS_1, topic: "a", properties: Buffer.from([9, 1]) }),
    0x81,
  ],
  [
    "a string longer than the properties",
    rawPublish({
      ...QOS_1,
      topic: "a",
      properties: Buffer.from([4, 3, 0, 9, 65]),
      payload: "0123456789",
    }),
    0x81,
  ],
  ["a message without properties", rawPublish({ flags: 2, packetId: 3, topic: "a" }), 0x81],
  ["SUBACK that ends too early", Buffer.from([0x90, 0x01, 0x00]), 0x81],
];

/** Sends a sound message, the bytes, and another sound message; returns what the client made of it. */
async function meet(bytes: Buffer, transport: Transport) {
  await using broker = await startStandIn({
    connect: (_, peer) => {
      peer.socket.cork();
      peer.send(connack());
      peer.socket.write(soundMessage(1, 5));
      peer.socket.write(bytes);
      peer.socket.write(soundMessage(2, 5));
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
  test.each([...FOUND_BY_BOTH, ...FOUND_BY_DIRECT])(
    "is told which way by the direct connection: %s",
    async (_, bytes, reasonCode) => {
      expect(await meet(bytes, "direct")).toEqual({
        taken: ["message 1"],
        acknowledged: [1],
        reasonCode,
      });
    },
  );

  test.each(FOUND_BY_BOTH)(
    "is left, and nothing behind it is taken, by MQTT.js: %s",
    async (_, bytes) => {
      const { taken, acknowledged } = await meet(bytes, "mqttjs");
      expect({ taken, acknowledged }).toEqual({ taken: ["message 1"], acknowledged: [1] });
    },
  );

  test.each(TRANSPORTS)("is left by %s when it begins with a message", async (transport) => {
    await using broker = await startStandIn({
      connect: (_, { socket }) => socket.write(soundMessage(1, 5)),
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
