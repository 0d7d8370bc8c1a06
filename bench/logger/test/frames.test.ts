import { expect, test } from "@jest/globals";
import { generate } from "mqtt-packet";
import { createFrames } from "../load.ts";

const puback = (messageId: number): Buffer => generate({ cmd: "puback", messageId });
const publish = generate({
  cmd: "publish",
  topic: "receipt",
  payload: "x".repeat(300),
  qos: 0,
  dup: false,
  retain: false,
});

test.each([1, 2, 3, 7, 1_000])("finds the packets in reads of %i bytes", (readBytes) => {
  const packets: Buffer[] = [];
  let acknowledged = 0;
  const frames = createFrames({
    onAcknowledged: (count) => {
      acknowledged += count;
    },
    onPacket: (packet) => packets.push(Buffer.from(packet)),
  });
  const stream = Buffer.concat([puback(1), puback(2), publish, puback(3), publish]);
  for (let at = 0; at < stream.length; at += readBytes) {
    frames.push(stream.subarray(at, at + readBytes));
  }
  expect(acknowledged).toBe(3);
  expect(packets).toEqual([publish, publish]);
});

test("refuses a length that MQTT cannot have", () => {
  const frames = createFrames({ onAcknowledged: () => {}, onPacket: () => {} });
  expect(() => frames.push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]))).toThrow(
    "MQTT-1.5.5-1",
  );
});
