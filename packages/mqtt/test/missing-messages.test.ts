import { describe, expect, test } from "@jest/globals";
import {
  type Answers,
  acknowledgedIds,
  connack,
  createFakeClock,
  eventually,
  message,
  type StandIn,
  startStandIn,
} from "@weir/testkit";
import type { Transport } from "../src/index.ts";
import { createTaker, payloads, startTrial, TRANSPORTS } from "./fixture.ts";

const LOOK_MS = 200;
const QUIET_MS = 10 * LOOK_MS;
const COUNT = 60;
/** What the first connection, and the one after it, leave out. */
const LEFT_OUT: readonly ReadonlySet<number>[] = [
  new Set([20, 21, 22, 40, 41]),
  new Set([22, 41]),
  new Set(),
];
const IDS = Array.from({ length: COUNT }, (_, n) => n + 1);
const GONE: readonly ReadonlySet<number>[] = Array.from({ length: 2 }, () => new Set([20, 21]));

/**
 * A broker that counts messages and leaves some out. With the next connection it sends again what it has no
 * PUBACK for.
 */
async function startForgetful(
  leftOut: readonly ReadonlySet<number>[] = LEFT_OUT,
  answers: Answers = {},
): Promise<StandIn> {
  const unacknowledged = new Set(IDS);
  const broker = await startStandIn({
    connect: (_, peer) => {
      const connection = broker.peers.length - 1;
      peer.send(connack(0, { sessionPresent: connection > 0 }));
      const sent = [...unacknowledged].filter((id) => !leftOut[connection]?.has(id));
      peer.send(...sent.map((id) => ({ ...message(id), dup: connection > 0 })));
    },
    puback: ({ messageId = 0 }) => void unacknowledged.delete(messageId),
    ...answers,
  });
  return broker;
}

function startClient(broker: StandIn, transport: Transport, more = {}) {
  const clock = createFakeClock();
  const taker = createTaker();
  const lost: number[] = [];
  const takeovers: number[] = [];
  const backoffs: number[] = [];
  const trial = startTrial(broker.url, {
    transport,
    session: { kind: "persistent", expirySeconds: 3_600 },
    batch: { rowsMax: 1_000, bytesMax: 1_000_000, delayMs: 0 },
    onBatch: taker.onBatch,
    onLost: (messages) => lost.push(messages),
    onTakeover: () => takeovers.push(1),
    reconnect: async (attempt) => void backoffs.push(attempt),
    clock,
    ...more,
  });
  return {
    taker,
    lost,
    takeovers,
    backoffs,
    trial,
    clock,
    /** Waits until the client has connected so many times, and has acknowledged what came. */
    connected: async (connections: number, acknowledged: number) => {
      await eventually(
        () =>
          trial.states.filter((state) => state === "connected").length === connections &&
          acknowledgedIds(broker.peers[connections - 1] as never).length === acknowledged,
      );
    },
    [Symbol.asyncDispose]: () => trial[Symbol.asyncDispose](),
  };
}

describe.each(TRANSPORTS)(
  "messages that a broker has counted and not sent, by %s,",
  (transport) => {
    test("come with connections of their own, each once, and without an outage", async () => {
      await using broker = await startForgetful();
      await using client = startClient(broker, transport);
      const { trial, taker, clock } = client;
      await client.connected(1, 55);
      clock.advance(LOOK_MS);
      await client.connected(2, 3);
      clock.advance(QUIET_MS);
      await client.connected(3, 2);
      clock.advance(QUIET_MS);

      const all = payloads(taker.received);
      expect(all).toHaveLength(COUNT);
      expect(new Set(all)).toEqual(new Set(IDS.map((id) => `message ${id}`)));
      expect(broker.peers.flatMap((peer) => acknowledgedIds(peer)).sort(byNumber)).toEqual(IDS);
      expect(broker.peers.slice(0, 2).map(({ received }) => received.at(-1)?.cmd)).toEqual([
        "disconnect",
        "disconnect",
      ]);
      expect(trial.states).toEqual(["connected", "connected", "connected"]);
      expect(trial.warnings).toEqual([]);
      expect([client.lost, client.takeovers, client.backoffs]).toEqual([[], [], []]);
      // The next look would have come by now.
      clock.advance(QUIET_MS);
      await trial.client.publish("sentinel", "", { qos: 1 });
      expect(broker.peers).toHaveLength(3);
      // Nor did they count as attempts.
      broker.peers[2]?.socket.destroy();
      await eventually(() => client.backoffs.length > 0);
      expect(client.backoffs[0]).toBe(0);
    });

    test("are reported as lost, once, where nothing comes again", async () => {
      await using broker = await startForgetful(GONE);
      await using client = startClient(broker, transport);
      await client.connected(1, 58);
      client.clock.advance(LOOK_MS);
      await client.connected(2, 0);
      client.clock.advance(2 * QUIET_MS);
      expect(client.lost).toEqual([2]);
      expect(client.trial.warnings).toEqual([
        "the broker has dropped 2 messages for this client: its queue was full, or they had expired. Raise max_queued_messages there.",
      ]);
    });

    test("are none where a message was too large to be taken", async () => {
      const tooLarge = { ...message(20), payload: Buffer.alloc(1_100_000) };
      await using broker = await startStandIn({
        connect: (_, peer) => {
          peer.send(connack(), ...IDS.map((id) => (id === 20 ? tooLarge : message(id))));
        },
      });
      await using client = startClient(broker, transport);
      await client.connected(1, COUNT);
      client.clock.advance(LOOK_MS);
      // The end of a connection waits for an answer, and takes no later request.
      for (const _ of IDS) await client.trial.client.publish("sentinel", "", { qos: 1 });
      expect(broker.peers).toHaveLength(1);
      expect(broker.peers[0]?.received.map(({ cmd }) => cmd)).not.toContain("disconnect");
    });

    test("are asked for once what waits for the tick is acknowledged", async () => {
      const [, ...waiting] = IDS.filter((id) => !LEFT_OUT[0]?.has(id));
      await using broker = await startStandIn({
        connect: (_, peer) => {
          const sessionPresent = broker.peers.length > 1;
          const properties = { receiveMaximum: 1_000 };
          peer.send(connack(0, { sessionPresent, properties }));
        },
      });
      await using client = startClient(broker, transport, {
        batch: { rowsMax: 1_000, bytesMax: 1_000_000, delayMs: 10_000 },
      });
      await client.connected(1, 0);
      // The first one may wait for no tick.
      for (const ids of [[1], waiting]) {
        broker.peers[0]?.send(...ids.map((id) => message(id)));
        await client.trial.client.publish("sentinel", "", { qos: 1 });
      }
      expect(client.taker.received.length).toBeLessThan(2);
      client.clock.advance(LOOK_MS);
      await eventually(() => client.trial.states.length === 2);
      const [first] = broker.peers;
      expect(acknowledgedIds(first as never)).toEqual([1, ...waiting]);
      expect(first?.received.at(-1)?.cmd).toBe("disconnect");
    });

    test("do not keep a client that stops", async () => {
      await using broker = await startForgetful(LEFT_OUT, { disconnect: () => {} });
      await using client = startClient(broker, transport);
      await client.connected(1, 55);
      client.clock.advance(LOOK_MS);
      await eventually(() => broker.peers[0]?.received.at(-1)?.cmd === "disconnect");
      const stopped = client.trial[Symbol.asyncDispose]();
      // So long it waits for a broker that does not close.
      client.clock.advance(1_000);
      await stopped;
      expect(broker.peers).toHaveLength(1);
    });
  },
);

function byNumber(a: number | undefined = 0, b: number | undefined = 0): number {
  return a - b;
}
