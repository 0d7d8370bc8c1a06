import { describe, expect, test } from "@jest/globals";
import { createFakeClock, eventually } from "@weir/testkit";
import type { TakesBatches } from "../src/index.ts";
import type { Clients } from "./broker-clients.ts";
import { createTaker, payloads, type Taker } from "./fixture.ts";

const QOS_1 = { qos: 1 } as const;
const RETAINED = { qos: 1, retain: true } as const;
const PAYLOAD_BYTES_MAX = 256 * 1024;
const SOON = { rowsMax: 5_000, bytesMax: 8_388_608, delayMs: 50 };
const NO_SECOND_ATTEMPT = { reconnect: () => new Promise<void>(() => {}) };

interface BatchTraits {
  protocolVersion: 4 | 5;
  /** Default true. */
  carriesEmptyPayloads?: boolean;
}

/** What a client with `onBatch` needs of a broker: the same claims for each broker and each transport. */
export function describeBatches(clients: Clients & BatchTraits): void {
  const { carriesEmptyPayloads = true } = clients;
  const { ownTopic, connect, persistent, upToSentinel, protocolVersion } = clients;

  const taking = ({ onBatch }: Taker): TakesBatches => ({
    onBatch,
    batch: SOON,
  });

  describe("in batches", () => {
    test("gets again what was not taken, and only that", async () => {
      const topic = ownTopic();
      const options = persistent();
      const faults: unknown[] = [];
      const first = createTaker((payload) => payload === "2");
      await using publisher = await connect();
      const refusing = await connect(topic, {
        ...options,
        ...taking(first),
        ...NO_SECOND_ATTEMPT,
        onFault: (fault) => faults.push(fault),
      });
      await publisher.client.publish(topic, "1", QOS_1);
      await eventually(() => first.received.length === 1);
      for (const payload of ["2", "3"]) await publisher.client.publish(topic, payload, QOS_1);
      await eventually(() => refusing.states.at(-1) === "disconnected");
      await refusing[Symbol.asyncDispose]();
      expect([payloads(first.received), faults]).toEqual([["1"], [new Error("refused: 2")]]);

      await using second = await connect(topic, options);
      expect(await upToSentinel(second, topic)).toEqual(["2", "3", "sentinel"]);
    });

    test("gets again what was batched and not yet taken when the connection was cut", async () => {
      const topic = ownTopic();
      const options = persistent();
      const sent = Array.from({ length: 50 }, (_, n) => String(n));
      const first = createTaker();
      await using publisher = await connect();
      // The clock stands still, so the batch is not handed on.
      const clock = createFakeClock();
      await using cut = await connect(topic, {
        ...options,
        ...taking(first),
        ...NO_SECOND_ATTEMPT,
        clock,
      });
      for (const payload of sent) await publisher.client.publish(topic, payload, QOS_1);
      // Another client with its id ends its connection.
      await using second = await connect(topic, options);
      const again = await upToSentinel(second, topic);
      await eventually(() => {
        clock.advance(SOON.delayMs);
        return cut.states.at(-1) === "disconnected";
      });
      // A broker that speaks 3.1.1 gets its acknowledgements at once.
      if (protocolVersion === 5) expect(again.length).toBeGreaterThan(1);
      const all = new Set([...payloads(first.received), ...again]);
      expect([...all]).toEqual([...sent, "sentinel"]);
    });

    test("acknowledges all of a burst", async () => {
      const topic = ownTopic();
      const options = persistent();
      const sent = Array.from({ length: 500 }, (_, n) => String(n));
      const taker = createTaker();
      await using publisher = await connect();
      const first = await connect(topic, { ...options, ...taking(taker) });
      await Promise.all(sent.map((payload) => publisher.client.publish(topic, payload, QOS_1)));
      await eventually(() => taker.received.length === sent.length);
      expect(payloads(taker.received)).toEqual(sent);
      await first[Symbol.asyncDispose]();

      await using second = await connect(topic, options);
      expect(await upToSentinel(second, topic)).toEqual(["sentinel"]);
    });

    test("receives on while it answers each batch", async () => {
      const topic = ownTopic();
      const answers = ownTopic();
      const sent = Array.from({ length: 50 }, (_, n) => String(n));
      const taker = createTaker();
      await using publisher = await connect();
      await using answering = await connect(topic, {
        batch: SOON,
        onBatch: (messages) => {
          taker.onBatch(messages);
          // Right behind the PUBACKs, as receipts are.
          queueMicrotask(() => void answering.client.publish(answers, "stored", QOS_1));
        },
      });
      for (const payload of sent) await publisher.client.publish(topic, payload, QOS_1);
      await eventually(() => taker.received.length === sent.length);
      expect(payloads(taker.received)).toEqual(sent);
    });

    test("takes and acknowledges the open batch before it disconnects", async () => {
      const topic = ownTopic();
      const options = persistent();
      const sent = Array.from({ length: 50 }, (_, n) => String(n));
      const taker = createTaker();
      await using publisher = await connect();
      const clock = createFakeClock();
      const leaving = await connect(topic, { ...options, ...taking(taker), clock });
      await using watcher = await connect(topic);
      for (const payload of sent) await publisher.client.publish(topic, payload, QOS_1);
      await eventually(() => watcher.received.length === sent.length);
      await leaving[Symbol.asyncDispose]();
      expect(taker.received.length).toBeGreaterThan(0);

      // What was still on its way comes now, and nothing comes twice.
      await using second = await connect(topic, options);
      const rest = await upToSentinel(second, topic);
      expect([...payloads(taker.received), ...rest]).toEqual([...sent, "sentinel"]);
    });

    test("finds what was published while it was away", async () => {
      const topic = ownTopic();
      const options = persistent();
      await (await connect(topic, options))[Symbol.asyncDispose]();
      await using publisher = await connect();
      for (const payload of ["1", "2"]) await publisher.client.publish(topic, payload, QOS_1);
      const taker = createTaker();
      await using _trial = await connect(topic, { ...options, ...taking(taker) });
      expect(await upToSentinel(taker, topic)).toEqual(["1", "2", "sentinel"]);
    });

    test("carries payloads that are larger than a read, and small ones between them", async () => {
      const topic = ownTopic();
      const taker = createTaker();
      await using trial = await connect(topic, taking(taker));
      const sent = Array.from({ length: 12 }, (_, n) =>
        Buffer.alloc(n % 3 === 0 ? PAYLOAD_BYTES_MAX - n : n, `payload ${n} `),
      );
      await Promise.all(sent.map((payload) => trial.client.publish(topic, payload, QOS_1)));
      await eventually(() => taker.received.length === sent.length);
      expect(taker.received.every(({ payload }, n) => payload.equals(sent[n] as Buffer))).toBe(
        true,
      );
    });

    test("hands on topic, QoS, retained flag and payload of each message", async () => {
      const base = ownTopic();
      const least = carriesEmptyPayloads ? "" : "-";
      const taker = createTaker();
      await using publisher = await connect();
      await publisher.client.publish(`${base}/a`, "kept", RETAINED);
      await using _trial = await connect(`${base}/#`, taking(taker));
      await publisher.client.publish(`${base}/ä/€`, least, QOS_1);
      await publisher.client.publish(base, "0", { qos: 0 });
      await upToSentinel(taker, base);
      const handedOn = taker.received.map(({ topic, payload, qos, retained }) => [
        topic,
        payload.toString(),
        qos,
        retained,
      ]);
      expect(handedOn).toEqual([
        [`${base}/a`, "kept", 1, true],
        [`${base}/ä/€`, least, 1, false],
        [base, "0", 0, false],
        [base, "sentinel", 1, false],
      ]);
    });

    test("receives what it subscribes to later, and nothing of what it gave up", async () => {
      const [before, after] = [ownTopic(), ownTopic()];
      const options = persistent();
      const taker = createTaker();
      await using publisher = await connect();
      const changing = await connect(before, { ...options, ...taking(taker) });
      await changing.client.setSubscriptions([{ filter: after, qos: 1 }]);
      await publisher.client.publish(before, "given up", QOS_1);
      expect(await upToSentinel(taker, after)).toEqual(["sentinel"]);
      await changing[Symbol.asyncDispose]();

      // Nor does its session.
      await publisher.client.publish(before, "given up", QOS_1);
      await using later = await connect(after, options);
      expect(await upToSentinel(later, after)).toEqual(["sentinel"]);
    });

    if (protocolVersion === 5) {
      test("hands on which of its subscriptions a message matches", async () => {
        const base = ownTopic();
        const taker = createTaker();
        await using publisher = await connect();
        await using _trial = await connect(undefined, {
          ...taking(taker),
          subscriptions: ({ protocolVersion: version }) =>
            version === 5
              ? [
                  { filter: `${base}/a`, qos: 1, identifier: 1 },
                  { filter: `${base}/+/c`, qos: 1, identifier: 2_000 },
                  { filter: `${base}/b/#`, qos: 1, identifier: 300_000 },
                  { filter: `${base}/d`, qos: 1 },
                ]
              : [],
        });
        for (const level of ["a", "b/c", "d"]) {
          await publisher.client.publish(`${base}/${level}`, level, QOS_1);
        }
        await upToSentinel(taker, `${base}/d`);
        const identifiersOf = (payload: string) =>
          taker.received
            .filter((message) => message.payload.toString() === payload)
            .flatMap(({ subscriptions }) => subscriptions)
            .sort((a, b) => a - b);
        expect(["a", "b/c", "d"].map(identifiersOf)).toEqual([[1], [2_000, 300_000], []]);
      });
    }
  });
}
