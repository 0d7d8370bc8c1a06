import { describe, expect, test } from "@jest/globals";
import { decodeReading } from "@weir/protocol";
import { type IPublishPacket, parser } from "mqtt-packet";
import { createMessages, type MessagesOptions } from "../load.ts";

const options: MessagesOptions = {
  version: 5,
  qos: 1,
  topics: ["DATA"],
  publisher: "bench",
  epoch: "0123456789abcdef0123456789abcdef",
  epochSeconds: 1_795_207_143,
};

function parse(bytes: Buffer, version: 4 | 5 = 5): IPublishPacket[] {
  const packets: IPublishPacket[] = [];
  const parsing = parser({ protocolVersion: version });
  parsing.on("packet", (packet) => packets.push(packet as IPublishPacket));
  parsing.on("error", (error) => {
    throw error;
  });
  parsing.parse(bytes);
  return packets;
}

function decode(packet: IPublishPacket) {
  const payload = Buffer.from(packet.payload);
  return decodeReading(payload, { receivedUs: 1_795_207_143_000_000, skewUs: 0 });
}

describe("the messages of a load", () => {
  test("are what an outbox sends, with a seq that rises", () => {
    const packets = parse(createMessages(options).encode(98, 5));
    expect(packets.map((packet) => decode(packet).sequence)).toEqual(
      [99, 100, 101, 102, 103].map((seq) => ({
        publisher: "bench",
        epoch: options.epoch,
        seq,
      })),
    );
    expect(packets.map((packet) => decode(packet).outcome.kind)).toEqual(
      Array.from({ length: 5 }, () => "reading"),
    );
    expect(packets.map(({ topic, qos }) => ({ topic, qos }))).toEqual(
      Array.from({ length: 5 }, () => ({ topic: "DATA", qos: 1 })),
    );
  });

  test("have one size, however large seq is", () => {
    const messages = createMessages(options);
    for (const index of [0, 9, 99_999, 9_999_998, 12_000_000]) {
      const [packet] = parse(messages.encode(index, 1));
      expect(packet?.payload).toHaveLength(messages.payloadBytes);
      expect(JSON.parse(String(packet?.payload))).toMatchObject({ seq: index + 1 });
    }
  });

  test("have packet ids from 1 to 65,535, over and over", () => {
    const ids = parse(createMessages(options).encode(65_533, 4)).map(({ messageId }) => messageId);
    expect(ids).toEqual([65_534, 65_535, 1, 2]);
  });

  test("go to their topics in turn, each with its own seq", () => {
    const packets = parse(createMessages({ ...options, topics: ["a/1", "a/2"] }).encode(0, 4));
    expect(packets.map((packet) => [packet.topic, decode(packet).sequence?.seq])).toEqual([
      ["a/1", 1],
      ["a/2", 1],
      ["a/1", 2],
      ["a/2", 2],
    ]);
  });

  test("can be of 3.1.1, and of QoS 0", () => {
    const messages = createMessages({ ...options, version: 4, qos: 0 });
    const packets = parse(messages.encode(0, 2), 4);
    expect(packets.map((packet) => decode(packet).sequence?.seq)).toEqual([1, 2]);
    expect(packets[0]).toMatchObject({ qos: 0, topic: "DATA" });
  });

  test("can be states of four attributes, which have one size, too", () => {
    const messages = createMessages({ ...options, content: "state" });
    for (const index of [0, 9, 99_999, 9_999_998]) {
      const [packet] = parse(messages.encode(index, 1));
      expect(packet?.payload).toHaveLength(messages.payloadBytes);
      const attributes = ["temperature", "humidity", "pressure", "battery"];
      expect(Object.keys(JSON.parse(String(packet?.payload)))).toEqual(attributes);
    }
  });

  test("need topics of one length", () => {
    expect(() => createMessages({ ...options, topics: ["a", "aa"] })).toThrow("one length");
  });
});
