import { describe, expect, test } from "@jest/globals";
import { acknowledged, connack, eventually, message, startStandIn } from "@weir/testkit";
import type { DroppedMessage } from "../src/index.ts";
import { createTaker, payloads, startTrial, TRANSPORTS } from "./fixture.ts";
import { validMessage } from "./raw-packets.ts";

const TOO_LARGE = "x".repeat(1_048_576);

describe.each(TRANSPORTS)("a message that is too large, by %s", (transport) => {
  test.each([4, 5] as const)(
    "is acknowledged and dropped, and does not stop the others, in version %s",
    async (version) => {
      await using broker = await startStandIn({
        connect: ({ protocolVersion }, peer) => {
          if (protocolVersion !== version) {
            peer.send(connack(1));
            return;
          }
          peer.send(connack(), message(1), message(2, TOO_LARGE), message(0, TOO_LARGE));
          peer.socket.write(validMessage(3, version));
        },
      });
      const { received, onBatch } = createTaker();
      const dropped: DroppedMessage[] = [];
      await using trial = startTrial(broker.url, {
        transport,
        onBatch,
        onDropped: (one) => dropped.push(one),
      });
      expect(await acknowledged(broker, 3)).toEqual([1, 2, 3]);
      await eventually(() => received.length === 2);
      expect(payloads(received)).toEqual(["message 1", "message 3"]);
      expect(dropped.map(({ topic }) => topic)).toEqual(["a", "a"]);
      expect(dropped.every(({ bytes }) => bytes > TOO_LARGE.length)).toBe(true);
      expect(trial.states).toEqual(["connected"]);
    },
  );

  test("is one that MQTT 5 brokers send: they would drop it without a word", async () => {
    await using broker = await startStandIn();
    await using trial = startTrial(broker.url, { transport });
    await eventually(() => trial.states.length === 1);
    const [connect] = broker.peers[0]?.received ?? [];
    const { maximumPacketSize = Number.POSITIVE_INFINITY } =
      connect?.cmd === "connect" ? (connect.properties ?? {}) : {};
    expect(maximumPacketSize).toBeGreaterThanOrEqual(16 * TOO_LARGE.length);
  });
});
