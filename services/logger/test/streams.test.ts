import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { loggerPerformance } from "@weir/protocol";
import { connectTestClient, eventually, freePort, temporaryFolder } from "@weir/testkit";
import {
  readingOf,
  rowsIn,
  startReady,
  startWithout,
  storedValues,
  testConfigWith,
} from "./fixture.ts";

const AT_LEAST_ONCE = { qos: 1 } as const;
const KEPT = { qos: 1, retain: true } as const;

const payloads = (rows: readonly { payload: string }[]): string[] =>
  rows.map(({ payload }) => payload);

describe("streams", () => {
  test("each keep what their filters ask for, also where these overlap", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const config = testConfigWith(
      {
        streams: {
          rooms: { filters: ["home/+"], decoder: "text", folder: "rooms", rotation: "1d" },
          lights: { filters: ["+/light"], decoder: "text", folder: "lights", rotation: "1d" },
        },
      },
      { folder, port: broker.port },
    );
    await using _logger = await startReady(config);
    await using publisher = await connectTestClient(broker.port);
    for (const topic of ["home/light", "home/door", "shed/light", "shed/door", "home/light"]) {
      await publisher.publish(topic, topic, AT_LEAST_ONCE);
    }
    await publisher.publish("home/end", "end", AT_LEAST_ONCE);
    await publisher.publish("end/light", "end", AT_LEAST_ONCE);
    expect(payloads(await rowsIn(folder.file("rooms"), 4))).toEqual([
      "home/light",
      "home/door",
      "home/light",
      "end",
    ]);
    expect(payloads(await rowsIn(folder.file("lights"), 4))).toEqual([
      "home/light",
      "shed/light",
      "home/light",
      "end",
    ]);
  });

  test("flag what is wrong with a state, and count it by its reason", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const config = testConfigWith(
      { streams: { devices: { timeZone: "Europe/Berlin", rotation: "1d" } } },
      { folder, port: broker.port },
    );
    await using logger = await startReady(config);
    await using device = await connectTestClient(broker.port);
    const topic = "devices/kitchen/state";
    const state = (time: string): string => `{"data":{"temp":21},"time":${time}}`;
    const sent: [payload: string, kind: string, reason: string][] = [
      [state("12345"), "flagged", "time before 2001: a clock that was never set"],
      [state('"2000-01-01T00:00:00Z"'), "flagged", "time before 2001: a clock that was never set"],
      [state('"soon"'), "flagged", "time missing or unreadable"],
      [state("99999999999999999"), "flagged", "time in the future"],
      [state('"2026-07-27 10:30:00"'), "flagged", "time without a zone"],
      ['{"data":{"temp":NaN,"hum":40}}', "flagged", "NaN or infinity in JSON"],
      [`\uFEFF${state("-60000")}\0`, "message", "JSON without a single reading"],
      ["", "deletion", "empty message"],
    ];
    for (const [payload] of sent) {
      await device.publish(topic, payload, payload === "" ? KEPT : AT_LEAST_ONCE);
    }
    const rows = await rowsIn(folder.file("devices"), sent.length);
    expect(rows.map(({ payload, kind, reason }) => [payload, kind, reason])).toEqual(sent);

    const metrics = await logger.context.metrics.metrics();
    for (const reason of new Set(sent.map(([, , reason]) => reason))) {
      expect(metrics).toContain(`reason="${reason}"`);
    }
    expect(metrics).toContain('kind="deletion",reason="empty message"} 1');
  });

  test("leave out what they exclude", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const config = testConfigWith(
      {
        streams: {
          all: {
            filters: ["devices/#"],
            exclude: ["devices/+/log/debug"],
            decoder: "raw",
            folder: "all",
            rotation: "1h",
          },
          devices: { enabled: false },
        },
      },
      { folder, port: broker.port },
    );
    await using _logger = await startReady(config);
    await using publisher = await connectTestClient(broker.port);
    for (const level of ["debug", "info", "debug", "error"]) {
      await publisher.publish(`devices/d/log/${level}`, level, AT_LEAST_ONCE);
    }
    expect(payloads(await rowsIn(folder.file("all"), 2))).toEqual(["info", "error"]);
  });

  test("store, mark or skip what the broker has retained", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using publisher = await connectTestClient(broker.port);
    for (const policy of ["store", "mark", "skip"]) {
      await publisher.publish(`${policy}/number`, "1", KEPT);
    }
    const stream = (policy: string) => ({
      filters: [`${policy}/#`],
      retained: policy,
      decoder: "number",
      folder: policy,
      rotation: "1d",
    });
    const config = testConfigWith(
      { streams: { store: stream("store"), mark: stream("mark"), skip: stream("skip") } },
      { folder, port: broker.port },
    );
    await using _logger = await startReady(config);
    for (const policy of ["store", "mark", "skip"]) {
      await publisher.publish(`${policy}/number`, "2", AT_LEAST_ONCE);
    }
    const seen = async (policy: string, count: number) =>
      (await rowsIn(folder.file(policy), count)).map(({ value, reason }) => ({ value, reason }));
    expect(await seen("store", 2)).toEqual([
      { value: 1, reason: "" },
      { value: 2, reason: "" },
    ]);
    expect(await seen("mark", 2)).toEqual([
      { value: null, reason: "retained" },
      { value: 2, reason: "" },
    ]);
    expect(await seen("skip", 1)).toEqual([{ value: 2, reason: "" }]);
  });

  test("ask their code filter, and store what it fails on", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    writeFileSync(
      folder.file("filter.ts"),
      `export default ({ payload }: { payload: Buffer }) => {
         const text = payload.toString();
         if (text === "drop") return "drop";
         if (text === "throw") throw new Error("on purpose");
         return text === "change" ? Buffer.from("changed") : "keep";
       };`,
    );
    const config = testConfigWith(
      {
        streams: {
          some: {
            filters: ["s"],
            decoder: "text",
            folder: "some",
            rotation: "1d",
            filter: "filter.ts",
          },
        },
      },
      { folder, port: broker.port },
    );
    await using logger = await startReady(config);
    await using publisher = await connectTestClient(broker.port);
    for (const text of ["keep", "drop", "change", "throw", "end"]) {
      await publisher.publish("s", text, AT_LEAST_ONCE);
    }
    const rows = await rowsIn(folder.file("some"), 4);
    expect(payloads(rows)).toEqual(["keep", "changed", "throw", "end"]);
    expect(rows[2]?.reason).toBe("the filter failed");
    expect(logger.context.faults).toEqual([]);
  });

  test("of other brokers do not disturb each other while one of these is away", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const port = await freePort();
    const config = testConfigWith(
      {
        brokers: { barn: { url: `mqtt://127.0.0.1:${port}` } },
        streams: {
          barn: {
            filters: ["barn"],
            broker: "barn",
            decoder: "text",
            folder: "barn",
            rotation: "1d",
          },
        },
      },
      { folder, port: broker.port },
    );
    await using logger = await startWithout("broker-barn", config);
    await using publisher = await connectTestClient(broker.port);
    await publisher.publish("DATA", readingOf(7), AT_LEAST_ONCE);
    expect(await storedValues(config.file, 1)).toEqual([7]);

    await using late = await startBroker({ port });
    await eventually(() => logger.context.health.report().ready);
    await using farmer = await connectTestClient(late.port);
    await farmer.publish("barn", "moo", AT_LEAST_ONCE);
    expect(payloads(await rowsIn(folder.file("barn"), 1))).toEqual(["moo"]);
  });

  test("can log what the logger says of itself", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const config = testConfigWith(
      {
        performance: { interval: "1s" },
        streams: {
          performance: {
            filters: ["weir/service/+/performance"],
            decoder: "json",
            folder: "performance",
            rotation: "1d",
          },
        },
      },
      { folder, port: broker.port },
    );
    await using _logger = await startReady(config);
    const [first] = await rowsIn(folder.file("performance"), 1);
    const report = loggerPerformance.parse(JSON.parse(first?.payload ?? ""));
    expect(Object.keys(report.streams).toSorted()).toEqual(["data", "devices", "performance"]);
  });

  test("treat topics as data, whatever they look like", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    mkdirSync(folder.file("deep"));
    const config = testConfigWith(
      { streams: { all: { filters: ["#"], decoder: "raw", folder: "deep/all", rotation: "1d" } } },
      { folder, port: broker.port },
    );
    await using _logger = await startReady(config);
    await using publisher = await connectTestClient(broker.port);
    const topics = ["../../up", "/", "a//b", "dаta", "x".repeat(65_535), "%2e%2e/etc", "C:\\con"];
    for (const topic of topics) await publisher.publish(topic, "1", AT_LEAST_ONCE);
    const rows = await rowsIn(folder.file("deep/all"), topics.length);
    expect(rows.map(({ topic }) => topic)).toEqual(topics);
  });
});

describe("a reload", () => {
  test("takes in new streams, lets go of others, and asks for no more than is wanted", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const place = { folder, port: broker.port };
    const stream = (name: string) => ({
      filters: [`${name}/#`],
      decoder: "text",
      folder: name,
      rotation: "1d",
    });
    await using logger = await startReady(
      testConfigWith({ streams: { old: stream("old"), kept: stream("kept") } }, place),
    );
    await using publisher = await connectTestClient(broker.port);
    await publisher.publish("old/1", "before", AT_LEAST_ONCE);
    expect(payloads(await rowsIn(folder.file("old"), 1))).toEqual(["before"]);

    await logger.reload(
      testConfigWith({ streams: { kept: stream("kept"), young: stream("young") } }, place),
    );
    for (const topic of ["old/1", "young/1", "kept/1"]) {
      await publisher.publish(topic, "after", AT_LEAST_ONCE);
    }
    expect(payloads(await rowsIn(folder.file("young"), 1))).toEqual(["after"]);
    expect(payloads(await rowsIn(folder.file("kept"), 1))).toEqual(["after"]);
    expect(payloads(await rowsIn(folder.file("old"), 1))).toEqual(["before"]);
    expect(await logger.context.metrics.metrics()).toContain("weir_logger_unmatched_total 0");
  });

  test("changes nothing at all when one stream of it cannot be opened", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const place = { folder, port: broker.port };
    const stream = (more: object) => ({ filters: ["kept/#"], rotation: "1d", ...more });
    await using logger = await startReady(
      testConfigWith({ streams: { kept: stream({ decoder: "number" }) } }, place),
    );
    const broken = { filters: ["young/#"], rotation: "1d", filter: "missing.ts" };
    const next = testConfigWith(
      { streams: { kept: stream({ decoder: "text" }), young: broken } },
      place,
    );
    await expect(logger.reload(next)).rejects.toThrow("missing.ts");

    await using publisher = await connectTestClient(broker.port);
    await publisher.publish("kept/1", "7", AT_LEAST_ONCE);
    expect(await rowsIn(folder.file("kept"), 1)).toMatchObject([{ value: 7 }]);
  });
});
