import { describe, expect, test } from "@jest/globals";
import { eventually } from "@weir/testkit";
import fc from "fast-check";
import { createTaker, payloads, startTrial } from "./fixture.ts";
import { FUZZ_SEED, junk, splitAt, splits } from "./fuzz-corpus.ts";
import { soundMessage } from "./raw-packets.ts";
import { acknowledgedIds, connack, type Peer, startStandIn } from "./stand-in.ts";
import { TRANSPORTS } from "./transports.ts";

const BATCH = { rowsMax: 3, bytesMax: 1_000, delayMs: 1 };
const SOUND = [1, 2, 3, 4];
const RUNS = 150;
/** Hundreds of connections, one after the other. */
const TIMEOUT_MS = 300_000;

/** Each part goes out in a turn of its own. */
async function sendParts({ socket }: Peer, parts: readonly Buffer[]): Promise<void> {
  for (const part of parts) {
    socket.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.each(TRANSPORTS)("a broker that talks rubbish, by %s", (transport) => {
  test(
    "crashes nothing, takes nothing back, and gets no PUBACK for what was not taken",
    async () => {
      await using broker = await startStandIn();
      const check = async (rubbish: Buffer, places: number[]): Promise<void> => {
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
        const sound = Buffer.concat(SOUND.map((id) => soundMessage(id, 5)));
        await sendParts(peer, [...splitAt(sound, places), ...splitAt(rubbish, places)]);
        // Unless the client has hung up over the rubbish, the stand-in does.
        const isOver = () => trial.states.length === 2;
        await eventually(() => isOver() || acknowledgedIds(peer).length >= SOUND.length);
        peer.socket.end();
        await eventually(isOver);
        await eventually(() => peer.socket.closed || peer.socket.readableEnded);

        const taken = taker.received.filter(({ qos }) => qos === 1).length + dropped;
        expect(payloads(taker.received.slice(0, SOUND.length))).toEqual(
          SOUND.map((id) => `message ${id}`),
        );
        expect(acknowledgedIds(peer).slice(0, SOUND.length)).toEqual(SOUND);
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
