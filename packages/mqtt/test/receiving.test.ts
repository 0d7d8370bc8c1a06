import { describe, expect, test } from "@jest/globals";
import {
  acknowledged,
  acknowledgedIds,
  connack,
  createFakeClock,
  eventually,
  message,
  startStandIn,
} from "@weir/testkit";
import type { IPublishPacket } from "mqtt-packet";
import { createTaker, payloads, startTrial, TRANSPORTS } from "./fixture.ts";

const LIMITS = { rowsMax: 1_000, bytesMax: 1_000_000, delayMs: 20 };
/** CONNACK of a broker that hands out its messages right behind it. */
const handsOut =
  (...messages: ReturnType<typeof message>[]) =>
  (_: unknown, peer: { send: (...packets: ReturnType<typeof connack>[]) => void }) =>
    peer.send(connack(), ...messages);

describe.each(TRANSPORTS)("receiving by %s", (transport) => {
  test("acknowledges message by message what was handed on", async () => {
    await using broker = await startStandIn({
      connect: handsOut(message(0), message(1), message(2)),
    });
    await using trial = startTrial(broker.url, { transport });
    expect(await acknowledged(broker, 2)).toEqual([1, 2]);
    expect(payloads(trial.received)).toEqual(["message 0", "message 1", "message 2"]);
  });

  test("hands on where an answer is awaited, and what it is to bring back", async () => {
    const correlationData = Buffer.from([0, 255]);
    const asking = (messageId: number, properties: NonNullable<IPublishPacket["properties"]>) => ({
      ...message(messageId),
      properties,
    });
    await using broker = await startStandIn({
      connect: handsOut(
        asking(1, { responseTopic: "answers/7", correlationData }),
        asking(2, { correlationData }),
        asking(3, { responseTopic: "answers/#" }),
        message(4),
      ),
    });
    await using trial = startTrial(broker.url, { transport });
    await acknowledged(broker, 4);
    const requests = trial.received.map(({ responseTopic, correlationData: data }) => [
      responseTopic,
      data,
    ]);
    expect(requests).toEqual([
      ["answers/7", correlationData],
      [undefined, correlationData],
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  test("acknowledges a batch once it is taken, right behind CONNACK too", async () => {
    const many = Array.from({ length: 500 }, (_, n) => message(n + 1));
    await using broker = await startStandIn({ connect: handsOut(message(0), ...many) });
    const taker = createTaker();
    await using _trial = startTrial(broker.url, {
      transport,
      onBatch: taker.onBatch,
      batch: LIMITS,
    });
    expect(await acknowledged(broker, 500)).toEqual(many.map(({ messageId }) => messageId));
    expect(payloads(taker.received)).toEqual(Array.from({ length: 501 }, (_, n) => `message ${n}`));
  });

  test("hands on no more than a batch may hold", async () => {
    const many = Array.from({ length: 10 }, (_, n) => message(n + 1));
    await using broker = await startStandIn({ connect: handsOut(...many) });
    const taker = createTaker();
    await using _trial = startTrial(broker.url, {
      transport,
      onBatch: taker.onBatch,
      batch: { ...LIMITS, rowsMax: 4 },
    });
    await acknowledged(broker, 10);
    expect(taker.sizes.every((size) => size <= 4)).toBe(true);
  });

  test("acknowledges nothing of a batch that was refused, ends the connection and says why", async () => {
    await using broker = await startStandIn({
      connect: handsOut(message(1, "good"), message(2, "bad")),
    });
    const faults: unknown[] = [];
    const taker = createTaker((payload) => payload === "bad");
    await using trial = startTrial(broker.url, {
      transport,
      onBatch: taker.onBatch,
      batch: LIMITS,
      onFault: (fault) => faults.push(fault),
      // There is no second attempt.
      reconnect: () => new Promise(() => {}),
    });
    await eventually(() => broker.peers[0]?.socket.readableEnded || broker.peers[0]?.socket.closed);
    await eventually(() => faults.length > 0);
    expect(faults).toEqual([new Error("refused: bad")]);
    expect(trial.warnings[0]).toContain("messages could not be taken: refused: bad");
    expect(broker.peers.map(acknowledgedIds)).toEqual([[]]);
  });

  test("hands on nothing that waits for its batch when the broker leaves: it comes again", async () => {
    await using broker = await startStandIn({ connect: handsOut(message(1)) });
    const taker = createTaker();
    await using trial = startTrial(broker.url, {
      transport: "mqttjs",
      onBatch: taker.onBatch,
      batch: LIMITS,
      // It stands still, and so the next tick never comes.
      clock: createFakeClock(),
      reconnect: () => new Promise(() => {}),
    });
    await eventually(() => trial.states.includes("connected"));
    broker.peers[0]?.send({ cmd: "disconnect", reasonCode: 0x8b });
    await eventually(() => trial.states.includes("disconnected"));
    expect(payloads(taker.received)).toEqual([]);
  });

  test("acknowledges nothing on another connection than the one that brought it", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(), message(broker.peers.length)),
    });
    const clock = createFakeClock();
    const taker = createTaker();
    await using _trial = startTrial(broker.url, {
      transport: "mqttjs",
      onBatch: taker.onBatch,
      batch: LIMITS,
      clock,
      reconnect: () => Promise.resolve(),
    });
    await eventually(() => (broker.peers[0]?.received.length ?? 0) > 0);
    broker.peers[0]?.socket.destroy();
    await eventually(() => (broker.peers[1]?.received.length ?? 0) > 0);
    await eventually(() => {
      clock.advance(LIMITS.delayMs);
      return taker.received.length > 0;
    });
    expect(await acknowledged(broker, 1)).toEqual([2]);
  });
});
