import { describe, expect, test } from "@jest/globals";
import { acknowledgedIds, connack, eventually, type Peer, startStandIn } from "@weir/testkit";
import fc from "fast-check";
import { createTaker, payloads, startTrial, TRANSPORTS } from "./fixture.ts";
import { FUZZ_SEED, junk, splitAt, splits } from "./fuzz-corpus.ts";
import { validMessage } from "./raw-packets.ts";

const BATCH = { rowsMax: 3, bytesMax: 1_000, delayMs: 1 };
const VALID = [1, 2, 3, 4];
const RUNS = 150;
/** Hundreds of connections, one after the other. */
const TIMEOUT_MS = 300_000;

/** Each part goes out in a separate turn. */
async function sendParts({ socket }: Peer, parts: readonly Buffer[]): Promise<void> {
  for (const part of parts) {
    socket.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.each(TRANSPORTS)("a broker that sends garbage, by %s", (transport) => {
  test(
    "crashes nothing, takes nothing back, and gets no PUBACK for what was not taken",
    async () => {
      await using broker = await startStandIn();
      const check = async (garbage: Buffer, places: number[]): Promise<void> => {
        const taker = createTaker();
        let dropped = 0;
        await using trial = startTrial(broker.url, {
          transport,
          onBatch: taker.onBatch,
          batch: BATCH,
          onDropped: () => {
            dropped += 1;
          },
          reconnect: () => new Promise(() => {}),
        });
        await eventually(() => trial.states.length === 1);
        const peer = broker.peers.at(-1) as Peer;
        const valid = Buffer.concat(VALID.map((id) => validMessage(id, 5)));
        await sendParts(peer, [...splitAt(valid, places), ...splitAt(garbage, places)]);
        // Unless the client has closed the connection because of the garbage, the stand-in does.
        const isOver = () => trial.states.length === 2;
        await eventually(() => isOver() || acknowledgedIds(peer).length >= VALID.length);
        peer.socket.end();
        await eventually(isOver);
        await eventually(() => peer.socket.closed || peer.socket.readableEnded);

        const taken = taker.received.filter(({ qos }) => qos === 1).length + dropped;
        expect(payloads(taker.received.slice(0, VALID.length))).toEqual(
          VALID.map((id) => `message ${id}`),
        );
        expect(acknowledgedIds(peer).slice(0, VALID.length)).toEqual(VALID);
        expect(acknowledgedIds(peer).length).toBeLessThanOrEqual(taken);
      };
      await fc.assert(fc.asyncProperty(junk, splits, check), { seed: FUZZ_SEED, numRuns: RUNS });
    },
    TIMEOUT_MS,
  );
});

test("a packet that never ends takes no memory from the direct connection", async () => {
  await using broker = await startStandIn({ connect: (_, peer) => peer.send(connack()) });
  await using trial = startTrial(broker.url, {
    transport: "direct",
    onBatch: () => {},
    batch: BATCH,
  });
  await eventually(() => trial.states.length === 1);
  const { socket } = broker.peers[0] as Peer;
  const part = Buffer.alloc(1_048_576, "x");
  const before = process.memoryUsage().arrayBuffers;
  // A message of 256 MiB.
  socket.write(Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f, 0x00, 0x01, 0x61, 0x00, 0x01, 0x00]));
  for (let n = 0; n < 64; n += 1) {
    await new Promise<void>((resolve) => socket.write(part, () => resolve()));
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * part.length);
  expect(trial.states).toEqual(["connected"]);
});
