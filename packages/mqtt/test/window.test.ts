import { describe, expect, test } from "@jest/globals";
import {
  connack,
  createFakeClock,
  eventually,
  message,
  type Peer,
  type StandIn,
  startStandIn,
} from "@weir/testkit";
import type { Packet } from "mqtt-packet";
import { createTaker, payloads, startTrial, TRANSPORTS } from "./fixture.ts";

const WINDOW = 20;
const COUNT = 5_000;
const BATCH = { rowsMax: 1_000, bytesMax: 1_000_000, delayMs: 50 };
/** What a broker and its network take for one. */
const WINDOW_MS = 1;
/** A client that batches each time waits 250 times for all of them; one that looks for a window waits until it is found. */
const WAITS_MAX = 25;

/** A clock that moves on only with each wait for a batch and with each window, and how many waits there were. */
function createWaitedClock() {
  const clock = createFakeClock();
  const waiting = new Set<object>();
  let waits = 0;
  const schedule = (delayMs: number, task: () => void): Disposable => {
    // The wait for CONNACK, and others that are not to be over.
    if (delayMs > 2 * BATCH.delayMs) return clock.schedule(delayMs, task);
    waits += 1;
    const wait = {};
    waiting.add(wait);
    const timer = clock.schedule(delayMs, () => {
      waiting.delete(wait);
      task();
    });
    return {
      [Symbol.dispose]: () => {
        waiting.delete(wait);
        timer[Symbol.dispose]();
      },
    };
  };
  return {
    clock: { ...clock, schedule },
    waits: () => waits,
    pass: () => {
      if (waiting.size > 0) clock.advance(BATCH.delayMs);
    },
    passWindow: () => clock.advance(WINDOW_MS),
  };
}

/** A broker that never has more messages under way than its window; what it takes itself is not that. */
function startWindowed(
  version: 4 | 5,
  onWindow = () => {},
  receiveMaximum = 65_535,
): Promise<StandIn> {
  let sent = 0;
  const send = (peer: Peer, count: number): void => {
    const packets: Packet[] = [];
    while (packets.length < count && sent < COUNT) {
      sent += 1;
      packets.push(message(((sent - 1) % WINDOW) + 1, String(sent)));
    }
    if (packets.length > 0) peer.send(...packets);
  };
  const waiting = new Map<Peer, number>();
  return startStandIn({
    connect: ({ protocolVersion }, peer) => {
      if (protocolVersion !== version) peer.send(connack(1));
      else {
        peer.send(connack(0, version === 5 ? { properties: { receiveMaximum } } : {}));
        send(peer, WINDOW);
      }
    },
    puback: (_, peer) => {
      // What is acknowledged in one turn frees its place in one turn.
      const freed = waiting.get(peer) ?? 0;
      waiting.set(peer, freed + 1);
      if (freed > 0) return;
      setImmediate(() => {
        onWindow();
        send(peer, waiting.get(peer) ?? 0);
        waiting.delete(peer);
      });
    },
  });
}

describe.each(TRANSPORTS)("a window of 20 by %s", (transport) => {
  test.each([
    [4, 65_535],
    [5, 65_535],
    [5, WINDOW],
  ] as const)("holds nothing back in version %s, Receive Maximum %s", async (version, maximum) => {
    const { clock, waits, pass, passWindow } = createWaitedClock();
    await using broker = await startWindowed(version, passWindow, maximum);
    const { received, onBatch } = createTaker();
    await using _trial = startTrial(broker.url, { transport, onBatch, batch: BATCH, clock });
    await eventually(() => {
      pass();
      return received.length === COUNT;
    });
    expect(waits()).toBeLessThan(WAITS_MAX);
    expect(payloads(received)).toEqual(Array.from({ length: COUNT }, (_, n) => String(n + 1)));
  });

  test("waits for no clock in version 4", async () => {
    await using broker = await startWindowed(4);
    const { received, onBatch } = createTaker();
    await using _trial = startTrial(broker.url, {
      transport,
      onBatch,
      batch: BATCH,
      // It stands still: what waits for it never comes.
      clock: createFakeClock(),
    });
    await eventually(() => received.length === COUNT);
  });
});
