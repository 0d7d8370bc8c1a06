import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:tls";
import { describe, expect, test } from "@jest/globals";
import { createTestCertificate, eventually } from "@weir/testkit";
import { generate } from "mqtt-packet";
import { createTaker, startTrial } from "../fixture.ts";
import { FUZZ_SEED } from "../fuzz-corpus.ts";

const own = createTestCertificate({ name: "broker", hosts: ["127.0.0.1"] });
const CONNACK = Buffer.from([0x20, 0x03, 0, 0, 0]);
const BATCH = { rowsMax: 5_000, bytesMax: 8_388_608, delayMs: 5 };
const TIMEOUT_MS = 60_000;

/** A connection by TLS to a broker that writes as a test wants it. */
async function connected(): Promise<
  AsyncDisposable & {
    socket: Socket;
    taker: ReturnType<typeof createTaker>;
    trial: ReturnType<typeof startTrial>;
    acknowledged: () => number;
  }
> {
  await using opened = new AsyncDisposableStack();
  const server = opened.adopt(
    createServer({ cert: own.certificate, key: own.key }),
    (one) => void one.close(),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `mqtts://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tls = { ca: own.certificate, certificate: null, key: null };
  const taker = createTaker();
  const trial = opened.use(
    startTrial(url, {
      broker: { url, username: null, password: null, tls },
      transport: "direct",
      batch: BATCH,
      onBatch: taker.onBatch,
      reconnect: () => new Promise<void>(() => {}),
    }),
  );
  const [socket] = (await once(server, "secureConnection")) as [Socket];
  opened.defer(() => void socket.destroy());
  socket.setNoDelay();
  socket.on("error", () => {});
  await once(socket, "data");
  let bytes = 0;
  socket.on("data", (part: Buffer) => {
    bytes += part.length;
  });
  socket.write(CONNACK);
  await eventually(() => trial.states.length === 1);
  const all = opened.move();
  return {
    socket,
    taker,
    trial,
    acknowledged: () => bytes / 4,
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

/** The same numbers each time, from 0 to 1. */
function numbersOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function payloadsOf(sizes: readonly number[]): Buffer[] {
  return sizes.map((size, n) => Buffer.alloc(size, `payload ${n} `));
}

function streamOf(payloads: readonly Buffer[]): Buffer {
  return Buffer.concat(
    payloads.map((payload, n) =>
      generate(
        {
          cmd: "publish",
          topic: `topic/${n % 7}`,
          payload,
          qos: 1,
          messageId: n + 1,
          dup: false,
          retain: false,
        },
        { protocolVersion: 5 },
      ),
    ),
  );
}

const small = (count: number) => Array.from({ length: count }, (_, n) => n % 60);
const mixed = Array.from({ length: 40 }, (_, n) => (n % 5 === 0 ? 262_144 - n : n * 37));
const random = numbersOf(FUZZ_SEED);

describe("a direct connection takes every message once, whole and in order", () => {
  test.each([
    { records: "of one byte", sizes: small(600), next: () => 1 },
    { records: "of two bytes and of packets that they split", sizes: small(1_500), next: () => 17 },
    { records: "of 16 KiB with many packets each", sizes: small(60_000), next: () => 16_384 },
    { records: "of 16 KiB that large packets span", sizes: mixed, next: () => 16_384 },
    { records: "of 1,000 bytes that large packets span", sizes: mixed, next: () => 1_000 },
    {
      records: "of every length",
      sizes: [...small(20_000), ...mixed],
      next: () => 1 + Math.floor(random() ** 4 * 16_384),
    },
  ])(
    "from records $records",
    async ({ sizes, next }) => {
      await using trial = await connected();
      const payloads = payloadsOf(sizes);
      const bytes = streamOf(payloads);
      let turn = 0;
      for (let at = 0; at < bytes.length; ) {
        const end = at + next();
        trial.socket.write(bytes.subarray(at, end));
        at = end;
        turn += 1;
        // Many records in one packet of TCP, and sometimes a pause.
        if (turn % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await eventually(() => trial.taker.received.length >= payloads.length, TIMEOUT_MS);
      const wrong = trial.taker.received.findIndex(
        ({ payload, topic }, n) =>
          !payload.equals(payloads[n] as Buffer) || topic !== `topic/${n % 7}`,
      );
      expect(wrong).toBe(-1);
      await eventually(() => trial.acknowledged() === payloads.length, TIMEOUT_MS);
      expect(trial.taker.received.length).toBe(payloads.length);
    },
    TIMEOUT_MS,
  );

  test("and all that are whole, when the broker closes in the middle of a packet", async () => {
    await using trial = await connected();
    const payloads = payloadsOf(small(500));
    trial.socket.end(streamOf([...payloads, Buffer.alloc(20_000)]).subarray(0, -10_000));
    await eventually(() => trial.trial.states.length === 2);
    expect(trial.taker.received.map(({ payload }) => payload)).toEqual(payloads);
  });
});
