import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  connectTestClient,
  eventually,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import type { LoggerConfig } from "../src/config.ts";
import { type ExplainedRow, rowsIn, startReady, testConfigWith } from "./fixture.ts";

interface TestBroker extends AsyncDisposable {
  port: number;
  restart?: () => Promise<void>;
}

export interface SessionSuite {
  name: string;
  hasIdentifiers: boolean;
  start: () => Promise<TestBroker>;
}

type Streams = Readonly<Record<string, { filters: readonly string[]; exclude?: string[] }>>;

const RETAINED = { qos: 1, retain: true } as const;
const AT_LEAST_ONCE = { qos: 1 } as const;
const START_TIMEOUT_MS = 180_000;

/** What a logger makes of the sessions that it finds, and of retained messages: the same claims for each broker. */
export function describeSessions(
  { name, hasIdentifiers, start }: SessionSuite,
  transport: "direct" | "mqttjs",
): void {
  describe(`the logger's session at ${name} by ${transport}`, () => {
    let broker: TestBroker;
    beforeAll(async () => {
      broker = await start();
    }, START_TIMEOUT_MS);
    afterAll(async () => await broker[Symbol.asyncDispose](), START_TIMEOUT_MS);

    function configOf(
      folder: TemporaryFolder,
      {
        streams,
        clientId,
        host = "127.0.0.1",
      }: { streams: Streams; clientId: string; host?: string },
    ): LoggerConfig {
      const weirFile = {
        streams: Object.fromEntries(
          Object.entries(streams).map(([stream, one]) => [
            stream,
            { decoder: "text", folder: stream, rotation: "1d", retained: "mark", ...one },
          ]),
        ),
      };
      const config = testConfigWith(weirFile, { folder, port: broker.port });
      const url = `mqtt://${host}:${broker.port}/`;
      const { brokers } = config.streams;
      return {
        ...config,
        clientId,
        transport,
        streams: {
          ...config.streams,
          brokers: {
            ...brokers,
            default: { ...brokers.default, url } as LoggerConfig["streams"]["brokers"][string],
          },
        },
      };
    }

    /** Separate topics for each test: what other tests leave retained does not come. */
    const ownBase = (): string => `session-${crypto.randomUUID()}`;
    const ownId = (): string => `weir-logger-${crypto.randomUUID()}`;

    async function payloadsIn(folder: string, last: string): Promise<string[]> {
      const rows = await eventually(async () => {
        const found = await rowsIn(folder, 1);
        return found.some(({ payload }) => payload === last) && found;
      });
      return rows.map(({ payload }: ExplainedRow) => payload);
    }

    /** Another program uses the client id for a while, with its own subscription. */
    async function visitAs(clientId: string, filter: string): Promise<void> {
      await using _client = await connectTestClient(broker.port, filter, {
        clientId,
        session: { kind: "persistent", expirySeconds: 3_600 },
      });
    }

    test("that another program has left subscriptions in brings each message once", async () => {
      using folder = temporaryFolder();
      const [base, clientId] = [ownBase(), ownId()];
      await visitAs(clientId, `${base}/#`);
      const streams = { one: { filters: [`${base}/+`] } };
      await using logger = await startReady(configOf(folder, { streams, clientId }));
      await using publisher = await connectTestClient(broker.port);
      for (const payload of ["1", "2", "3"]) {
        await publisher.publish(`${base}/a`, payload, AT_LEAST_ONCE);
      }
      expect(await payloadsIn(folder.file("one"), "3")).toEqual(["1", "2", "3"]);
      await publisher.publish(`${base}/a`, "4", AT_LEAST_ONCE);
      expect(await payloadsIn(folder.file("one"), "4")).toEqual(["1", "2", "3", "4"]);
      if (!hasIdentifiers) return;
      await eventually(async () =>
        (await logger.context.metrics.metrics()).includes("weir_logger_strange_total 4"),
      );
    });

    if (hasIdentifiers) {
      test("that another program has used meanwhile brings each message once", async () => {
        using folder = temporaryFolder();
        const [base, clientId] = [ownBase(), ownId()];
        const config = configOf(folder, { streams: { one: { filters: [`${base}/+`] } }, clientId });
        await (await startReady(config))[Symbol.asyncDispose]();
        await visitAs(clientId, `${base}/#`);
        await using publisher = await connectTestClient(broker.port);
        await publisher.publish(`${base}/a`, "queued", AT_LEAST_ONCE);
        await using _logger = await startReady(config);
        await publisher.publish(`${base}/a`, "live", AT_LEAST_ONCE);
        expect(await payloadsIn(folder.file("one"), "live")).toEqual(["queued", "live"]);
      });
    }

    test.each([
      ["in a new data folder", "127.0.0.1", true],
      ["at the broker by another name", "localhost", false],
    ])("continues %s, and each message is stored once", async (_, host, isNewFolder) => {
      using folder = temporaryFolder();
      using other = temporaryFolder();
      const [base, clientId] = [ownBase(), ownId()];
      // The filters overlap.
      const streams = { one: { filters: [`${base}/+`] }, two: { filters: [`${base}/#`] } };
      const before = await startReady(configOf(folder, { streams, clientId }));
      await before[Symbol.asyncDispose]();
      await using publisher = await connectTestClient(broker.port);
      await publisher.publish(`${base}/a`, "queued", AT_LEAST_ONCE);

      const place = isNewFolder ? other : folder;
      await using _logger = await startReady(configOf(place, { streams, clientId, host }));
      await publisher.publish(`${base}/a`, "live", AT_LEAST_ONCE);
      // Without identifiers the session has to go, with what was queued in it.
      const expected = hasIdentifiers ? ["queued", "live"] : ["live"];
      for (const stream of ["one", "two"]) {
        expect(await payloadsIn(place.file(stream), "live")).toEqual(expected);
      }
    });

    test("loses a subscription that only its former name of the broker has known", async () => {
      using folder = temporaryFolder();
      const [base, clientId] = [ownBase(), ownId()];
      const first = configOf(folder, { streams: { one: { filters: [`${base}/#`] } }, clientId });
      await (await startReady(first))[Symbol.asyncDispose]();
      const second = configOf(folder, {
        streams: { one: { filters: [`${base}/+`] } },
        clientId,
        host: "localhost",
      });
      await using _logger = await startReady(second);
      await using publisher = await connectTestClient(broker.port);
      await publisher.publish(`${base}/a`, "1", AT_LEAST_ONCE);
      await publisher.publish(`${base}/a`, "2", AT_LEAST_ONCE);
      expect(await payloadsIn(folder.file("one"), "2")).toEqual(["1", "2"]);
    });

    test("brings a retained message only to streams that newly take its topic", async () => {
      using folder = temporaryFolder();
      const [base, clientId] = [ownBase(), ownId()];
      const config = (streams: Streams): LoggerConfig => configOf(folder, { streams, clientId });
      await using publisher = await connectTestClient(broker.port);
      for (const level of ["a", "b"]) {
        await publisher.publish(`${base}/${level}`, `kept ${level}`, RETAINED);
      }
      const nums = { filters: [`${base}/#`] };
      await using logger = await startReady(config({ nums }));
      expect(
        (await rowsIn(folder.file("nums"), 2)).map(({ payload }) => payload).toSorted(),
      ).toEqual(["kept a", "kept b"]);

      // The same topics by another filter; a stream that has nothing to do with them; one that newly takes one.
      const narrow = { filters: [`${base}/+`] };
      const other = { filters: [`other-${base}`] };
      const late = { filters: [`${base}/a`] };
      const live: string[] = [];
      /** What the broker sends because of a reload comes before what is published behind it. */
      const reload = async (streams: Streams): Promise<void> => {
        await logger.reload(config(streams));
        live.push(`live ${live.length}`);
        await publisher.publish(`${base}/live`, live.at(-1) as string, AT_LEAST_ONCE);
        await payloadsIn(folder.file("nums"), live.at(-1) as string);
      };
      await reload({ nums: narrow });
      await reload({ nums: narrow, other });
      await reload({ nums: narrow, other, late });
      expect(await payloadsIn(folder.file("late"), "kept a")).toEqual(["kept a"]);
      await reload({ nums: narrow });
      await reload({ nums });
      const stored = await payloadsIn(folder.file("nums"), live.at(-1) as string);
      expect(stored.toSorted()).toEqual(["kept a", "kept b", ...live]);
    });

    test("brings a retained message of overlapping filters once to a stream that newly takes it", async () => {
      using folder = temporaryFolder();
      const [base, clientId] = [ownBase(), ownId()];
      await using publisher = await connectTestClient(broker.port);
      await publisher.publish(`${base}/a/b`, "kept", RETAINED);
      const one = { filters: [`${base}/a/+`] };
      await using logger = await startReady(configOf(folder, { streams: { one }, clientId }));
      expect(await payloadsIn(folder.file("one"), "kept")).toEqual(["kept"]);
      const two = { filters: [`${base}/+/b`] };
      await logger.reload(configOf(folder, { streams: { one, two }, clientId }));
      expect(await payloadsIn(folder.file("two"), "kept")).toEqual(["kept"]);
      await publisher.publish(`${base}/a/b`, "live", AT_LEAST_ONCE);
      for (const stream of ["one", "two"]) {
        expect(await payloadsIn(folder.file(stream), "live")).toEqual(["kept", "live"]);
      }
    });

    test(
      "finds what was queued also when the broker was started again",
      async () => {
        if (broker.restart === undefined) return;
        using folder = temporaryFolder();
        const [base, level, clientId] = [ownBase(), ownBase(), ownId()];
        const streams = { one: { filters: [`${base}/+`, `+/${level}`] } };
        const config = configOf(folder, { streams, clientId });
        await (await startReady(config))[Symbol.asyncDispose]();
        const publisher = await connectTestClient(broker.port);
        await publisher.publish(`${base}/${level}`, "queued", AT_LEAST_ONCE);
        await publisher[Symbol.asyncDispose]();
        await broker.restart();
        await using _logger = await startReady(config);
        await using later = await connectTestClient(broker.port);
        await later.publish(`${base}/${level}`, "live", AT_LEAST_ONCE);
        expect(await payloadsIn(folder.file("one"), "live")).toEqual(["queued", "live"]);
      },
      START_TIMEOUT_MS,
    );
  });
}
