import { describe, expect, test } from "@jest/globals";
import {
  acknowledgedIds,
  connack,
  createFakeClock,
  createTestCertificate,
  eventually,
  message,
  type Peer,
  startStandIn,
} from "@weir/testkit";
import { generate } from "mqtt-packet";
import { createTaker, startTrial } from "../fixture.ts";

const WINDOW = 20;
const TICK_MS = 50;
/** So many bytes are read before a tick at most. */
const BUFFER_BYTES = 262_144;
const BATCH = { rowsMax: 5_000, bytesMax: 8_388_608, delayMs: TICK_MS };
const own = createTestCertificate({ name: "broker", hosts: ["127.0.0.1"] });
const SERVERS = {
  "mqtt:": undefined,
  "mqtts:": { cert: own.certificate, key: own.key },
} as const;
const TIMEOUT_MS = 60_000;

/** A direct connection to a broker with a small window, whose first message has come: the next ones may wait. */
async function connected(protocol: keyof typeof SERVERS) {
  await using opened = new AsyncDisposableStack();
  const properties = { receiveMaximum: WINDOW };
  const broker = opened.use(
    await startStandIn(
      { connect: (_, peer) => peer.send(connack(0, { properties })) },
      SERVERS[protocol],
    ),
  );
  const clock = createFakeClock();
  const taker = createTaker();
  const tls = { ca: own.certificate, certificate: null, key: null };
  const trial = opened.use(
    startTrial(broker.url, {
      broker: {
        url: broker.url,
        username: null,
        password: null,
        ...(protocol === "mqtts:" && { tls }),
      },
      transport: "direct",
      batch: BATCH,
      onBatch: taker.onBatch,
      clock,
    }),
  );
  await eventually(() => trial.states.length === 1);
  const peer = broker.peers[0] as Peer;
  peer.socket.setNoDelay();
  peer.send(message(0, "first"));
  await eventually(() => taker.received.length === 1);
  taker.received.length = 0;
  const all = opened.move();
  return {
    peer,
    taker,
    tick: () => clock.advance(TICK_MS),
    /** Resolves when the client has read all that was sent before. */
    read: () => trial.client.publish("sentinel", "", { qos: 1 }),
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

type Sent = [packetId: number, payload: Buffer];

function bytesOf(messages: readonly Sent[]): Buffer {
  return Buffer.concat(
    messages.map(([packetId, payload]) =>
      generate({ ...message(packetId), payload }, { protocolVersion: 5 }),
    ),
  );
}

/** Messages of QoS 0 with payloads of many lengths. */
function manySizes(count: number): Sent[] {
  return Array.from({ length: count }, (_, n) => [0, Buffer.alloc((n * 37) % 2_000, `m ${n} `)]);
}

/** Which message did not come, or not as it was sent; -1 for none. */
function firstWrong(received: readonly { payload: Buffer }[], sent: readonly Sent[]): number {
  if (received.length > sent.length) return sent.length;
  return sent.findIndex(([, payload], n) => !received[n]?.payload.equals(payload));
}

function ids(from: number, count: number) {
  return Array.from({ length: count }, (_, n) => message(from + n));
}

describe.each(["mqtt:", "mqtts:"] as const)("by %s, where the window is small,", (protocol) => {
  test("messages are read at once and wait for the tick", async () => {
    await using one = await connected(protocol);
    // What the broker takes in flight is not what it sends: Mosquitto sends as many as the client asks for.
    one.peer.send(...ids(1, 3 * WINDOW));
    await one.read();
    expect(one.taker.received).toEqual([]);
    expect(acknowledgedIds(one.peer)).toEqual([]);
    one.tick();
    expect(one.taker.received).toHaveLength(3 * WINDOW);
    await eventually(() => acknowledgedIds(one.peer).length === 3 * WINDOW);
  });

  test("what fills the buffer waits for no tick", async () => {
    await using one = await connected(protocol);
    const sizes = Array.from({ length: 40 }, (): Sent => [0, Buffer.alloc(BUFFER_BYTES / 32)]);
    one.peer.socket.write(bytesOf(sizes));
    await eventually(() => one.taker.received.length > 0);
    await one.read();
    one.tick();
    expect(one.taker.received).toHaveLength(sizes.length);
  });

  test("payloads of many reads that split packets are whole at the tick", async () => {
    await using one = await connected(protocol);
    const messages = manySizes(150);
    const bytes = bytesOf(messages);
    for (let round = 1; round <= 3; round += 1) {
      for (let at = 0; at < bytes.length; at += 1_013) {
        one.peer.socket.write(bytes.subarray(at, at + 1_013));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await one.read();
      one.tick();
      expect(firstWrong(one.taker.received, messages)).toBe(-1);
      one.taker.received.length = 0;
    }
  });

  test(
    "payloads are whole when ticks come between the parts of a packet",
    async () => {
      await using one = await connected(protocol);
      const messages = manySizes(600);
      const bytes = bytesOf(messages);
      for (let at = 0; at < bytes.length; at += 7_919) {
        one.peer.socket.write(bytes.subarray(at, at + 7_919));
        await new Promise((resolve) => setImmediate(resolve));
        one.tick();
      }
      await one.read();
      one.tick();
      expect(firstWrong(one.taker.received, messages)).toBe(-1);
    },
    TIMEOUT_MS,
  );

  test(
    "a message of almost 1 MiB comes whole among those that wait",
    async () => {
      await using one = await connected(protocol);
      const messages: Sent[] = [
        ...manySizes(20),
        [1, Buffer.alloc(1_048_000, "large ")],
        ...manySizes(20),
        [2, Buffer.alloc(1_000_000, "other ")],
      ];
      const bytes = bytesOf(messages);
      // The first part ends within the large message.
      one.peer.socket.write(bytes.subarray(0, 100_000));
      await new Promise((resolve) => setImmediate(resolve));
      one.peer.socket.write(bytes.subarray(100_000));
      await one.read();
      one.tick();
      expect(firstWrong(one.taker.received, messages)).toBe(-1);
      await eventually(() => acknowledgedIds(one.peer).length === 2);
    },
    TIMEOUT_MS,
  );
});
