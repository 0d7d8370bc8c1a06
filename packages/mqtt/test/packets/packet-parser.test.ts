import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { IPublishPacket } from "mqtt-packet";
import { Violation } from "../../src/packets/errors.ts";
import { type ReceivedMessage, request } from "../../src/packets/message.ts";
import { BrokenPackets, PacketParser } from "../../src/packets/packet-parser.ts";
import { encoded, FUZZ_SEED, junk, splitAt, splits, validPublish } from "../fuzz-corpus.ts";

const CONNACK = encoded({ cmd: "connack", reasonCode: 0, sessionPresent: false });
const LARGE_BYTES = 1_048_576;

/** All that was found in a stream that arrives in these parts. */
function parseAll(parts: readonly Buffer[]) {
  const messages: ReceivedMessage[] = [];
  const acknowledged: number[] = [];
  const received: number[] = [];
  const released: number[] = [];
  const controls: string[] = [];
  const dropped: object[] = [];
  const packets = new PacketParser(5, new BrokenPackets());

  function note(qos: number, packetId: number): void {
    if (packetId !== 0) (qos === 2 ? received : acknowledged).push(packetId);
  }

  function parse(bytes: Buffer): Buffer {
    packets.at = 0;
    for (;;) {
      const packet = packets.next(bytes, bytes.length);
      if (packet === null) return bytes.subarray(packets.at);
      if (!("kind" in packet)) {
        messages.push({ ...packet, payload: Buffer.from(packet.payload) });
        note(packet.qos, packets.packetId);
      } else if (packet.kind === "dropped") {
        dropped.push(packet.message);
        note(packet.qos, packet.packetId);
      } else if (packet.kind === "release") released.push(packet.packetId);
      else controls.push(packets.parseControl(packet.frame).cmd);
    }
  }

  let rest: Buffer = Buffer.alloc(0);
  let violation: string | null = null;
  let restBytesMax = 0;
  for (const part of parts) {
    try {
      rest = parse(Buffer.concat([rest, part]));
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violation = error.message;
      break;
    }
    restBytesMax = Math.max(restBytesMax, rest.length);
  }
  return {
    found: { messages, acknowledged, received, released, controls, dropped, violation },
    restBytesMax,
  };
}

describe("the packets of a stream", () => {
  test("are what mqtt-packet has written, wherever the stream is split", () => {
    fc.assert(
      fc.property(fc.array(validPublish, { maxLength: 8 }), splits, (sent, places) => {
        const bytes = Buffer.concat([CONNACK, ...sent.map(encoded)]);
        const { found } = parseAll(splitAt(bytes, places));
        expect(found.violation).toBeNull();
        expect(found.messages).toEqual(sent.map(asReceived));
      }),
      { seed: FUZZ_SEED, numRuns: 1_000 },
    );
  });

  test("are the same wherever a broken stream is split", () => {
    fc.assert(
      fc.property(junk, splits, (bytes, places) => {
        const whole = Buffer.concat([CONNACK, bytes]);
        expect(parseAll(splitAt(whole, places)).found).toEqual(parseAll([whole]).found);
      }),
      { seed: FUZZ_SEED, numRuns: 5_000 },
    );
  });

  test("are never kept beyond the largest packet that is taken", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 * LARGE_BYTES }), splits, (payloadBytes, places) => {
        const large = encoded({
          cmd: "publish",
          topic: "large",
          payload: Buffer.alloc(payloadBytes),
          qos: 1,
          messageId: 9,
          dup: false,
          retain: false,
        });
        const bytes = Buffer.concat([CONNACK, large, encoded({ cmd: "pingresp" })]);
        const { found, restBytesMax } = parseAll(splitAt(bytes, places));
        expect(restBytesMax).toBeLessThan(LARGE_BYTES);
        expect(found.acknowledged).toEqual([9]);
        expect(found.controls).toEqual(["connack", "pingresp"]);
        const isTooLarge = large.length > LARGE_BYTES;
        expect(found.messages).toHaveLength(isTooLarge ? 0 : 1);
        expect(found.dropped).toEqual(
          isTooLarge ? [{ reason: "too large", topic: "large", bytes: large.length }] : [],
        );
      }),
      {
        seed: FUZZ_SEED,
        numRuns: 100,
        examples: [
          [LARGE_BYTES - 15, []],
          [LARGE_BYTES - 14, []],
        ],
      },
    );
  });
});

function asReceived({ topic, payload, qos, retain, properties }: IPublishPacket): unknown {
  const identifier = properties?.subscriptionIdentifier;
  const subscriptions = identifier === undefined ? [] : [identifier];
  return { topic, payload, qos, retained: retain, subscriptions, ...request(properties) };
}
