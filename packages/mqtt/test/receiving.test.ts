import { describe, expect, test } from "@jest/globals";
import { eventually } from "@weir/testkit";
import { payloads, startTrial } from "./fixture.ts";
import { acknowledged, connack, message, startStandIn } from "./stand-in.ts";

const MANUALLY = { acknowledge: "manually" } as const;

describe("receiving over a link", () => {
  test("acknowledges by itself what was handed on", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(), message(0), message(1), message(2)),
    });
    await using trial = startTrial(broker.url);
    expect(await acknowledged(broker, 2)).toEqual([1, 2]);
    expect(payloads(trial.received)).toEqual(["message 0", "message 1", "message 2"]);
  });

  test("hands on messages without waiting for their acknowledgement, right behind CONNACK too", async () => {
    const many = Array.from({ length: 500 }, (_, n) => message(n + 1));
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(), ...many),
    });
    await using trial = startTrial(broker.url, MANUALLY);
    await eventually(() => trial.received.length === 500);
    for (const { acknowledge } of trial.received) acknowledge();
    expect(await acknowledged(broker, 500)).toEqual(many.map(({ messageId }) => messageId));
  });

  test("acknowledges what it is told to, and nothing else", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(), message(0), message(1), message(2)),
    });
    await using trial = startTrial(broker.url, MANUALLY);
    await eventually(() => trial.received.length === 3);
    trial.received[0]?.acknowledge();
    trial.received[2]?.acknowledge();
    expect(await acknowledged(broker, 1)).toEqual([2]);
  });

  test("acknowledges a message once, for its packet id may soon be another's", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(), message(1), message(2)),
    });
    await using trial = startTrial(broker.url, MANUALLY);
    await eventually(() => trial.received.length === 2);
    const [first, second] = trial.received;
    first?.acknowledge();
    first?.acknowledge();
    second?.acknowledge();
    expect(await acknowledged(broker, 2)).toEqual([1, 2]);
  });

  test("acknowledges a message on the connection that brought it, and on no other", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(), message(broker.peers.length)),
    });
    await using trial = startTrial(broker.url, { ...MANUALLY, random: () => 0 });
    await eventually(() => trial.received.length === 1);
    broker.peers[0]?.socket.destroy();
    await eventually(() => trial.received.length === 2);

    for (const { acknowledge } of trial.received) acknowledge();
    expect(await acknowledged(broker, 1)).toEqual([2]);
  });
});
