import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, jest, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { BARE_ENVIRONMENT, NOTHING_CONFIGURED, temporaryFolder } from "@weir/testkit";
import fc from "fast-check";
import mqtt from "mqtt";
import type { LoggerConfig } from "../src/config.ts";
import {
  type ExplainedRow,
  readingOf,
  rowsIn,
  startReady,
  storedValues,
  testConfig,
  testConfigWith,
} from "./fixture.ts";
import { type Cut, type ScriptedMessage, startScriptedBroker } from "./scripted-broker.ts";

// The logger is started again and again.
jest.setTimeout(300_000);

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const CUTS: readonly Cut[] = ["publish", "answer", "pubrel", "pubcomp"];
const SEED = 20_261_127;

const TWO_STREAMS = {
  streams: {
    all: { filters: ["#"], decoder: "text", folder: "all", rotation: "1d" },
    some: { filters: ["a/+"], decoder: "text", folder: "some", rotation: "1d" },
  },
};

const message = (payload: string, more: Partial<ScriptedMessage> = {}): ScriptedMessage => ({
  topic: Buffer.from("a/b"),
  qos: 2,
  retain: false,
  payload,
  properties: Buffer.from([0]),
  cut: null,
  ...more,
});

const anyMessage = fc.record({
  topic: fc
    .constantFrom("a/b", "a/\0", "a/+", "a/b+c", "a/#", "", "x", "a/\u0007")
    .map((text) => Buffer.from(text))
    .chain((legal) => fc.constantFrom(legal, Buffer.concat([legal, Buffer.from([0xff])]))),
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
  retain: fc.boolean(),
  properties: fc
    .constantFrom([0], [2, 0x7f, 0], [3, 0x23, 0, 1], [2, 0x0b, 0])
    .map((raw) => Buffer.from(raw)),
  cut: fc.constantFrom<Cut | null>(null, ...CUTS),
});

/** Runs the logger, again behind each cut if that is wanted, until the script is done. */
async function play(
  messages: readonly ScriptedMessage[],
  options: {
    version: 4 | 5;
    transport: string;
    setsDup: boolean;
    restarts: boolean;
    weirFile?: object;
  },
) {
  const { version, transport, setsDup, restarts, weirFile = TWO_STREAMS } = options;
  using folder = temporaryFolder();
  await using broker = await startScriptedBroker({
    version,
    messages: [...messages, message("end", { qos: 1 })],
    setsDup,
    onCut: async () => {
      if (!restarts) return;
      await (await logger)[Symbol.asyncDispose]();
      logger = startReady(config);
      await logger;
    },
  });
  const config: LoggerConfig = {
    ...testConfigWith(weirFile, { folder, port: broker.port }),
    transport: transport === "direct" ? "direct" : "mqttjs",
  };
  let logger = startReady(config);
  await broker.isDone;
  const { context, [Symbol.asyncDispose]: stop } = await logger;
  const metrics = await context.metrics.metrics();
  await stop();
  expect(context.faults).toEqual([]);
  return {
    all: await rowsIn(folder.file("all"), 1),
    some: await rowsIn(folder.file("some"), 0),
    metrics,
  };
}

const TRANSPORTS = ["direct", "mqttjs"] as const;

describe.each(TRANSPORTS)("whatever a client publishes, by %s", (transport) => {
  test.each([4, 5] as const)(
    "is stored, QoS 2 once, wherever the connection is cut or the logger restarted, in version %s",
    async (version) => {
      const check = async (
        drawn: Omit<ScriptedMessage, "payload">[],
        setsDup: boolean,
        restarts: boolean,
      ): Promise<void> => {
        const messages = drawn.map((one, index) => ({ ...one, payload: `message ${index}` }));
        const { all, some } = await play(messages, { version, transport, setsDup, restarts });
        const count = (rows: readonly ExplainedRow[], text: string): number =>
          rows.filter(({ payload }) => payload.endsWith(text)).length;
        for (const { payload, qos, cut, topic } of messages) {
          const copies = count(all, payload);
          if (qos === 2 || cut === null) expect([payload, copies]).toEqual([payload, 1]);
          else if (qos === 1) expect([1, 2]).toContain(copies);
          const isInBoth = topic.toString("latin1").startsWith("a/");
          expect([payload, count(some, payload)]).toEqual([payload, isInBoth ? copies : 0]);
        }
      };
      await fc.assert(
        fc.asyncProperty(fc.array(anyMessage, { maxLength: 5 }), fc.boolean(), fc.boolean(), check),
        { seed: SEED, numRuns: 10 },
      );
    },
  );

  test("is flagged, counted and explained where the standard forbids it", async () => {
    const { all, metrics } = await play(
      [
        message("1", { topic: Buffer.from("a/b+c") }),
        message("2", { topic: Buffer.from([0x61, 0x2f, 0xff]), qos: 1 }),
        message("3", { topic: Buffer.from(""), qos: 0 }),
        message("4", { properties: Buffer.from([2, 0x7f, 0]) }),
        message("5", { topic: Buffer.from("a/\u0007") }),
      ],
      { version: 5, transport, setsDup: true, restarts: false },
    );
    const reason = "topic not allowed by MQTT: stored escaped";
    expect(all.map(({ topic, kind, reason: why }) => [topic, kind, why])).toEqual([
      ["a/b%2Bc", "flagged", reason],
      ["a/%FF", "flagged", reason],
      ["%", "flagged", reason],
      ["a/b", "flagged", "packet not allowed by MQTT"],
      // Control characters are discouraged, not forbidden [MQTT-1.5.4].
      ["a/\u0007", "message", "text"],
      ["a/b", "message", "text"],
    ]);
    expect(metrics).toContain(
      `weir_logger_rows_total{stream="all",kind="flagged",reason="${reason}"} 3`,
    );
  });

  test("is stored by every stream where an escaped topic matches no filter", async () => {
    const weirFile = {
      streams: {
        // RabbitMQ hands on what is published there as a+b.
        all: { filters: ["a*b", "a/b"], decoder: "text", folder: "all", rotation: "1d" },
        some: { filters: ["x"], decoder: "text", folder: "some", rotation: "1d" },
        devices: { enabled: false },
      },
    };
    const { all, some, metrics } = await play([message("1", { topic: Buffer.from("a+b") })], {
      ...{ version: 5, transport, setsDup: true, restarts: false },
      weirFile,
    });
    expect(all.map(({ topic }) => topic)).toEqual(["a%2Bb", "a/b"]);
    expect(some.map(({ topic }) => topic)).toEqual(["a%2Bb"]);
    expect(metrics).toContain("weir_logger_unmatched_total 0");
  });

  test.each(CUTS)("is stored once when the logger is killed behind %s", async (cut) => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    await using broker = await startScriptedBroker({
      version: 5,
      messages: [1, 2, 3].map((number) =>
        message(`{"number":${number}}`, {
          topic: Buffer.from("DATA"),
          cut: number < 3 ? cut : null,
        }),
      ),
      setsDup: false,
      onCut: async () => {
        child.kill("SIGKILL");
        await once(child, "exit");
        child = start();
      },
    });
    const start = () =>
      spawn(process.execPath, [MAIN], {
        env: {
          ...BARE_ENVIRONMENT,
          BROKER: `127.0.0.1:${broker.port}`,
          DB_FILE: file,
          WEIR_FILE: NOTHING_CONFIGURED,
          LOGGER_HTTP_PORT: "0",
          LOGGER_TRANSPORT: transport,
        },
        stdio: "ignore",
      });
    let child = start();
    await broker.isDone;
    const values = await storedValues(file, 3);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(values).toEqual([1, 2, 3]);
  });
});

test("one QoS 2 publication on the embedded broker stops no rows, also after a restart", async () => {
  using folder = temporaryFolder();
  await using broker = await startBroker();
  const config = testConfig({ file: folder.file("weir.db"), port: broker.port });
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`);
  try {
    {
      await using _first = await startReady(config);
      await client.publishAsync("devices/garden/state", '{"data":{"temp":21.5}}', { qos: 2 });
      await client.publishAsync("DATA", readingOf(1), { qos: 1 });
      expect(await storedValues(config.file, 1)).toEqual([1]);
    }
    await client.publishAsync("devices/garden/state", '{"data":{"temp":22}}', { qos: 2 });
    await using second = await startReady(config);
    await client.publishAsync("DATA", readingOf(2), { qos: 2 });
    expect(await storedValues(config.file, 2)).toEqual([1, 2]);
    expect(second.context.faults).toEqual([]);
    const place = config.streams.streams.find(({ name }) => name === "devices")?.place;
    if (place?.kind !== "folder") throw new Error("devices has no folder");
    expect((await rowsIn(place.folder, 2)).map(({ payload }) => payload)).toEqual([
      '{"data":{"temp":21.5}}',
      '{"data":{"temp":22}}',
    ]);
  } finally {
    await client.endAsync();
  }
});
