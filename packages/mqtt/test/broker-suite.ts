import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "@weir/testkit";
import type { Transport } from "../src/index.ts";
import { describeBatches } from "./batch-suite.ts";
import { createClients } from "./broker-clients.ts";
import { payloads } from "./fixture.ts";

/** A broker that a test can start again, on the same port. */
interface RestartableBroker extends AsyncDisposable {
  port: number;
  restart(): Promise<void>;
}

/** What the suite has to know of a broker. */
export interface BrokerKind {
  name: string;
  protocolVersion: 4 | 5;
  /** Sessions, queues and retained messages outlive the broker's process. */
  isDurable: boolean;
  start: () => Promise<RestartableBroker>;
}

const QOS_1 = { qos: 1 } as const;
const RETAINED = { qos: 1, retain: true } as const;
const PAYLOAD_BYTES_MAX = 256 * 1024;
const START_TIMEOUT_MS = 180_000;

/** What the client needs of a broker: the same claims for each. */
export function describeBroker(
  { name, protocolVersion, isDurable, start }: BrokerKind,
  transport: Transport,
): void {
  describe(`a client by ${transport} to ${name}`, () => {
    let broker: RestartableBroker;
    beforeAll(async () => {
      broker = await start();
    }, START_TIMEOUT_MS);
    afterAll(async () => await broker[Symbol.asyncDispose](), START_TIMEOUT_MS);

    const { ownTopic, connect, persistent, upToSentinel } = createClients({
      url: () => `mqtt://127.0.0.1:${broker.port}`,
      transport,
    });

    test("publishes that a client is there, that it has disconnected, and that it has vanished", async () => {
      const topic = ownTopic();
      await using watcher = await connect(topic);
      const states = (): string[] => payloads(watcher.received);
      const leaving = await connect(undefined, { availability: { topic } });
      await eventually(() => states().join() === "online");
      await leaving[Symbol.asyncDispose]();
      await eventually(() => states().join() === "online,offline");

      const clientId = `suite-${crypto.randomUUID()}`;
      await using _vanishing = await connect(undefined, { clientId, availability: { topic } });
      await eventually(() => states().join() === "online,offline,online");
      // Another client of the same id ends the connection of the first, and the broker publishes its will.
      await using _thief = await connect(undefined, { clientId });
      await eventually(() => states()[3] === "offline");
    });

    test(`speaks ${protocolVersion === 5 ? "MQTT 5" : "MQTT 3.1.1"}`, async () => {
      await using trial = await connect();
      expect(trial.versions).toEqual([protocolVersion]);
    });

    test("carries bytes there and back unchanged", async () => {
      const topic = ownTopic();
      await using trial = await connect(topic);
      const bytes = Buffer.from([0, 255, 0xc3, 0x28, 10]);
      await trial.client.publish(topic, bytes, QOS_1);
      const [message] = await eventually(() => trial.received.length === 1 && trial.received);
      expect(message).toMatchObject({ topic, payload: bytes, qos: 1, retained: false });
    });

    test("carries the largest payload", async () => {
      const topic = ownTopic();
      await using trial = await connect(topic);
      const bytes = Buffer.alloc(PAYLOAD_BYTES_MAX, "weir");
      await trial.client.publish(topic, bytes, QOS_1);
      const [message] = await eventually(() => trial.received.length === 1 && trial.received);
      expect(message?.payload.equals(bytes)).toBe(true);
    });

    test("receives what its filter matches, and nothing else", async () => {
      const base = ownTopic();
      await using trial = await connect(`${base}/+/state`);
      await trial.client.publish(`${base}/a/state`, "state of a", QOS_1);
      await trial.client.publish(`${base}/a/other`, "other", QOS_1);
      await trial.client.publish(`${base}/a/b/state`, "too deep", QOS_1);
      expect(await upToSentinel(trial, `${base}/b/state`)).toEqual(["state of a", "sentinel"]);
    });

    test("marks a retained message that comes because of the subscription, and no other", async () => {
      const topic = ownTopic();
      await using publisher = await connect();
      await publisher.client.publish(topic, "kept", RETAINED);
      await using trial = await connect(topic);
      await publisher.client.publish(topic, "live", RETAINED);
      await eventually(() => trial.received.length === 2);
      expect(trial.received.map(({ payload, retained }) => [payload.toString(), retained])).toEqual(
        [
          ["kept", true],
          ["live", false],
        ],
      );
    });

    test("finds what was published while it was away", async () => {
      const topic = ownTopic();
      const options = persistent();
      await (await connect(topic, options))[Symbol.asyncDispose]();
      await using publisher = await connect();
      for (const payload of ["1", "2"]) await publisher.client.publish(topic, payload, QOS_1);
      await using trial = await connect(topic, options);
      expect(await upToSentinel(trial, topic)).toEqual(["1", "2", "sentinel"]);
    });

    test(
      "comes back after the broker's restart, and is subscribed again",
      async () => {
        const topic = ownTopic();
        await using trial = await connect(topic, persistent());
        await broker.restart();
        await eventually(() => trial.states.length === 3, START_TIMEOUT_MS);
        expect(trial.states).toEqual(["connected", "disconnected", "connected"]);
        expect(await upToSentinel(trial, topic)).toEqual(["sentinel"]);
      },
      START_TIMEOUT_MS,
    );

    if (isDurable) {
      test(
        "finds its session and what is retained after the broker's restart",
        async () => {
          const [queued, retained] = [ownTopic(), ownTopic()];
          const options = persistent();
          await (await connect(queued, options))[Symbol.asyncDispose]();
          const publisher = await connect();
          await publisher.client.publish(queued, "while away", QOS_1);
          await publisher.client.publish(retained, "kept", RETAINED);
          await publisher[Symbol.asyncDispose]();
          await broker.restart();

          await using back = await connect(queued, options);
          expect(await upToSentinel(back, queued)).toEqual(["while away", "sentinel"]);
          await using late = await connect(retained);
          expect(await upToSentinel(late, retained)).toEqual(["kept", "sentinel"]);
        },
        START_TIMEOUT_MS,
      );
    }

    if (protocolVersion === 5) {
      test("carries a request's response topic and correlation data", async () => {
        const topic = ownTopic();
        await using trial = await connect(topic);
        const request = { responseTopic: `${topic}/answer`, correlationData: Buffer.from([7]) };
        await trial.client.publish(topic, "", { ...QOS_1, ...request });
        const [message] = await eventually(() => trial.received.length === 1 && trial.received);
        expect(message).toMatchObject(request);
      });

      test("lets a retained message expire, and no other", async () => {
        const base = ownTopic();
        await using publisher = await connect();
        await publisher.client.publish(`${base}/kept`, "kept", RETAINED);
        const expiring = { ...RETAINED, expirySeconds: 1 };
        await publisher.client.publish(`${base}/stale`, "stale", expiring);
        await eventually(async () => {
          await using trial = await connect(`${base}/+`);
          const all = await upToSentinel(trial, `${base}/live`);
          return all.join() === "kept,sentinel";
        });
      });
    }

    describeBatches({ ownTopic, connect, persistent, upToSentinel, protocolVersion });
  });
}
