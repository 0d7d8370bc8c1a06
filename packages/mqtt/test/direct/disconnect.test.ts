import { expect, test } from "@jest/globals";
import {
  acknowledgedIds,
  connack,
  createFakeClock,
  eventually,
  message,
  type Peer,
  startStandIn,
} from "@weir/testkit";
import { createTaker, payloads, startTrial } from "../fixture.ts";

test("a direct connection reads what waits in its socket before it disconnects", async () => {
  await using broker = await startStandIn({
    connect: (_, peer) => peer.send(connack(), message(1)),
  });
  const taker = createTaker();
  const trial = startTrial(broker.url, {
    transport: "direct",
    onBatch: taker.onBatch,
    batch: { rowsMax: 1_000, bytesMax: 1_000_000, delayMs: 50 },
    // It stands still, and so the next tick never comes.
    clock: createFakeClock(),
  });
  const peer = await eventually(() => broker.peers[0] as Peer);
  await eventually(() => acknowledgedIds(peer).length === 1);
  peer.send(message(2), message(0), message(3));
  await eventually(() => peer.socket.writableLength === 0);
  expect(payloads(taker.received)).toEqual(["message 1"]);

  await trial[Symbol.asyncDispose]();
  expect(payloads(taker.received)).toEqual(["message 1", "message 2", "message 0", "message 3"]);
  await eventually(() => peer.received.at(-1)?.cmd === "disconnect");
  expect(acknowledgedIds(peer)).toEqual([1, 2, 3]);
});
