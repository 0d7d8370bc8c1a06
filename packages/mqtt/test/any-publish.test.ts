import { isUtf8 } from "node:buffer";
import { describe, expect, jest, test } from "@jest/globals";
import { connack, eventually, type Peer, startStandIn } from "@weir/testkit";
import fc from "fast-check";
import type { ReceivedMessage, Transport } from "../src/index.ts";
import { startTrial, TRANSPORTS } from "./fixture.ts";
import { FUZZ_SEED } from "./fuzz-corpus.ts";
import { rawPublish, validMessage } from "./raw-packets.ts";

// Hundreds of connections, one after the other.
jest.setTimeout(300_000);

const BATCH = { rowsMax: 3, bytesMax: 1_000, delayMs: 1 };
const SENTINEL_ID = 60_000;
const RUNS = 60;

/** A PUBLISH whose lengths are right, and perhaps nothing else. */
interface AnyPublish {
  topic: Buffer;
  qos: 0 | 1 | 2;
  retain: boolean;
  dup: boolean;
  /** With their length; MQTT 5 only. */
  properties: Buffer;
  /** Whether the standard allows these properties. */
  areAllowed: boolean;
  payload: Buffer;
}

const bytes = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

const topic = fc.oneof(
  fc
    .constantFrom("a", "a/b", "ä/€", "a b", "a%00b", "\u0001\u007f", "$x")
    .map((text) => Buffer.from(text)),
  fc
    .constantFrom("", "a\0b", "+", "a/#", "a+b/c", "#", "%+", "\0".repeat(30_000))
    .map((text) => Buffer.from(text)),
  fc
    .constantFrom([0xc3, 0x28], [0x61, 0x2f, 0xff], [0xed, 0xa0, 0x80])
    .map((raw) => Buffer.from(raw)),
  bytes(12),
);

const properties = fc.oneof(
  fc.constantFrom([0], [2, 1, 1], [2, 0x0b, 7], [5, 3, 0, 2, 0x61, 0x62]).map((raw) => ({
    properties: Buffer.from(raw),
    areAllowed: true,
  })),
  // Topic alias, unknown, twice, identifier 0, a string and a length that are too long, no length.
  fc
    .constantFrom(
      [3, 0x23, 0, 1],
      [2, 0x7f, 0],
      [4, 1, 0, 1, 0],
      [2, 0x0b, 0],
      [4, 3, 0, 9, 65],
      [0xff, 0x7f, 1],
      [0xff, 0xff, 0xff, 0xff, 1],
    )
    .map((raw) => ({ properties: Buffer.from(raw), areAllowed: false })),
);

const anyPublish: fc.Arbitrary<AnyPublish> = fc
  .record({
    topic,
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    retain: fc.boolean(),
    dup: fc.boolean(),
    payload: bytes(20),
  })
  .chain((one) => properties.map((its) => ({ ...one, ...its })));

function encode(one: AnyPublish, packetId: number, version: 4 | 5): Buffer {
  return rawPublish({
    flags: (one.dup ? 8 : 0) | (one.qos << 1) | (one.retain ? 1 : 0),
    topic: one.topic,
    ...(one.qos === 0 ? {} : { packetId }),
    ...(version === 5 ? { properties: one.properties } : {}),
    payload: one.payload,
  });
}

/** What `escapeTopic` promises: the bytes can be had back. */
function bytesOf(escaped: string): Buffer {
  if (escaped === "%") return Buffer.alloc(0);
  const parts = escaped.split(/(%[0-9A-F]{2})/);
  return Buffer.concat(
    parts.map((part, index) =>
      Buffer.from(part.slice(index % 2), index % 2 === 1 ? "hex" : "utf8"),
    ),
  );
}

const isLegal = (raw: Buffer): boolean =>
  raw.length > 0 && isUtf8(raw) && !/[+#\0]/.test(raw.toString());

const sentIds = ({ received }: Peer, cmd: string): unknown[] =>
  received.filter((packet) => packet.cmd === cmd).map(({ messageId }) => messageId);

async function deliver(all: readonly AnyPublish[], transport: Transport, version: 4 | 5) {
  await using broker = await startStandIn({
    connect: ({ protocolVersion }, peer) => {
      if (protocolVersion !== version) {
        peer.send(connack(1));
        return;
      }
      peer.send(connack());
      peer.socket.write(Buffer.concat(all.map((one, index) => encode(one, index + 1, version))));
      peer.socket.write(validMessage(SENTINEL_ID, version));
    },
    pubrec: ({ messageId = 0 }, peer) => peer.send({ cmd: "pubrel", messageId }),
  });
  const received: ReceivedMessage[] = [];
  const released: number[] = [];
  await using trial = startTrial(broker.url, {
    transport,
    batch: BATCH,
    onBatch: (messages, ids) => {
      released.push(...ids);
      received.push(...messages.map((one) => ({ ...one, payload: Buffer.from(one.payload) })));
    },
  });
  const idsOf = (qos: number) => all.flatMap((one, index) => (one.qos === qos ? [index + 1] : []));
  const peer = await eventually(() =>
    broker.peers.find((one) => sentIds(one, "puback").length > 0),
  );
  await eventually(() => sentIds(peer, "puback").includes(SENTINEL_ID));
  await eventually(() => sentIds(peer, "pubcomp").length >= idsOf(2).length);
  return { received, released, peer, idsOf, states: trial.states };
}

describe.each(TRANSPORTS)("whatever a PUBLISH holds, by %s", (transport) => {
  test.each([4, 5] as const)(
    "it is handed on and acknowledged, and nothing stops, in version %s",
    async (version) => {
      const check = async (all: AnyPublish[]): Promise<void> => {
        const { received, released, peer, idsOf, states } = await deliver(all, transport, version);
        expect(states).toEqual(["connected"]);
        expect(received.pop()?.payload.toString()).toBe(`message ${SENTINEL_ID}`);
        expect(received).toHaveLength(all.length);
        for (const [index, one] of all.entries()) {
          const got = received[index] as ReceivedMessage;
          const hasFlaw = version === 5 && !one.areAllowed;
          const flaw = isLegal(one.topic) ? (hasFlaw ? "packet" : undefined) : "topic";
          expect([got.qos, got.retained, got.flaw]).toEqual([one.qos, one.retain, flaw]);
          // Properties whose length is wrong stand before the payload.
          expect(got.payload.subarray(got.payload.length - one.payload.length)).toEqual(
            one.payload,
          );
          expect(/[+#\0]/.test(got.topic)).toBe(false);
          if (flaw !== "topic") expect(Buffer.from(got.topic)).toEqual(one.topic);
          else if (one.topic.length > 20_000) expect(got.topic).toMatch(/^(%00)+%$/);
          else {
            expect(bytesOf(got.topic)).toEqual(one.topic);
            expect(got.topic.split("/")).toHaveLength(
              one.topic.toString("latin1").split("/").length,
            );
          }
        }
        expect(sentIds(peer, "puback")).toEqual([...idsOf(1), SENTINEL_ID]);
        expect(sentIds(peer, "pubrec")).toEqual(idsOf(2));
        expect(sentIds(peer, "pubcomp")).toEqual(idsOf(2));
        expect(released).toEqual(idsOf(2));
      };
      await fc.assert(fc.asyncProperty(fc.array(anyPublish, { maxLength: 12 }), check), {
        seed: FUZZ_SEED,
        numRuns: RUNS,
      });
    },
  );

  test("packet id 0 is handed on, and not acknowledged", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => {
        peer.send(connack());
        for (const flags of [2, 4]) {
          peer.socket.write(
            rawPublish({ flags, topic: "a", packetId: 0, properties: Buffer.from([0]) }),
          );
        }
        peer.socket.write(validMessage(1, 5));
      },
    });
    await using trial = startTrial(broker.url, { transport });
    await eventually(() => trial.received.length === 3);
    const peer = broker.peers[0] as Peer;
    await eventually(() => sentIds(peer, "puback").length > 0);
    expect(trial.received.map(({ flaw }) => flaw)).toEqual(["packet", "packet", undefined]);
    expect([sentIds(peer, "puback"), sentIds(peer, "pubrec")]).toEqual([[1], []]);
    expect(trial.states).toEqual(["connected"]);
  });

  test("QoS 2 is handed on once by onMessage, also when it comes again on another connection", async () => {
    const again = (dup: boolean) =>
      encode(
        {
          topic: Buffer.from("a"),
          qos: 2,
          retain: false,
          dup,
          properties: Buffer.from([0]),
          areAllowed: true,
          payload: Buffer.from("once"),
        },
        7,
        5,
      );
    await using broker = await startStandIn({
      connect: (_, peer) => {
        const isSecond = broker.peers.length > 1;
        peer.send(connack(0, { sessionPresent: isSecond }));
        peer.socket.write(again(isSecond));
      },
      pubrec: ({ messageId = 0 }, peer) => {
        if (broker.peers.length === 1) peer.socket.destroy();
        else peer.send({ cmd: "pubrel", messageId });
      },
      pubcomp: (_, peer) => {
        // The id is free again.
        if (sentIds(peer, "pubcomp").length === 1) peer.socket.write(again(false));
      },
    });
    await using trial = startTrial(broker.url, {
      transport,
      session: { kind: "persistent", expirySeconds: 60 },
      reconnect: () => Promise.resolve(),
    });
    await eventually(() => broker.peers.some((peer) => sentIds(peer, "pubcomp").length === 2));
    expect(trial.received.map(({ payload }) => payload.toString())).toEqual(["once", "once"]);
  });
});
