import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { readStreams } from "@weir/streams";
import { createTestCertificate } from "@weir/testkit";
import { streamsOf } from "./fixture.ts";

const named = (text: string, name: string, environment = {}) =>
  streamsOf(text, environment).streams.find((stream) => stream.name === name);

describe("streams", () => {
  test("are data and devices where a weir.yaml says nothing", () => {
    expect(streamsOf("# nothing yet\n").streams).toMatchObject([
      {
        name: "data",
        filters: ["DATA"],
        decoder: { kind: "reading" },
        place: { kind: "file", file: "data/weir.db" },
        rotationMs: null,
        retention: { ageMs: 35 * 60_000 },
        historyMs: null,
        archiveAfterMs: null,
      },
      {
        name: "devices",
        filters: ["devices/#", "losant/#", "homeassistant/device/+/config"],
        place: { kind: "folder", folder: "data/devices" },
        rotationMs: 86_400_000,
        retention: { ageMs: 7 * 86_400_000 },
        historyMs: 400 * 86_400_000,
        archiveAfterMs: null,
      },
    ]);
  });

  test("read times without a zone in the zone that they name, if any", () => {
    const text = "streams: { barn: { filters: [barn/#], timeZone: Europe/Berlin } }";
    expect(named(text, "barn")?.timeZone).toBe("Europe/Berlin");
    expect(named(text, "devices")?.timeZone).toBeNull();
  });

  test("are refused where WEIR_FILE names a file that does not exist", () => {
    expect(() => readStreams({ WEIR_FILE: "nowhere/weir.yaml" })).toThrow("does not exist");
  });

  test("take over what is written of them, and leave the rest as it is", () => {
    const text = `
streams:
  devices: { exclude: [devices/+/log/debug], retention: { size: 1.5GB } }
  kitchen:
    filters: [home/kitchen/#]
    qos: 0
    retained: skip
    decoder: { avro: { schemas: schemas, framing: confluent } }
    filter: filters/kitchen.ts
    folder: kitchens
    rotation: 90s
    retention: { age: 2h, freeDisk: 1GiB }
    history: 30d
    archive: { after: 2d }
    batch: { rows: 7, delay: 5ms }
    connection: own`;
    expect(named(text, "devices")).toMatchObject({
      filters: ["devices/#", "losant/#", "homeassistant/device/+/config"],
      exclude: ["devices/+/log/debug"],
      retention: { ageMs: 7 * 86_400_000, bytesMax: 1.5e9 },
    });
    expect(named(text, "kitchen")).toEqual({
      name: "kitchen",
      filters: ["home/kitchen/#"],
      exclude: [],
      qos: 0,
      retained: "skip",
      timeZone: null,
      series: "auto",
      statistics: false,
      decoder: {
        kind: "avro",
        schemas: expect.stringMatching(/^\/.*\/schemas$/),
        framing: "confluent",
      },
      filterFile: expect.stringMatching(/^\/.*\/filters\/kitchen\.ts$/),
      place: { kind: "folder", folder: "data/kitchens" },
      rotationMs: 90_000,
      retention: { ageMs: 7_200_000, bytesMax: null, freeDiskBytesMin: 2 ** 30 },
      historyMs: 30 * 86_400_000,
      archiveAfterMs: 2 * 86_400_000,
      batch: { rowsMax: 7, delayMs: 5 },
      broker: "default",
      connection: "own",
    });
  });

  test.each([
    ["data: { history: 400d }", "data", 400 * 86_400_000],
    ["devices: { history: off }", "devices", null],
    ["a: { filters: [x], history: forever }", "a", Infinity],
    ["a: { filters: [x], history: 1h }", "a", 3_600_000],
    ["a: { filters: [x] }", "a", 400 * 86_400_000],
  ])("keep the points of their series as weir.yaml says: %s", (streams, name, historyMs) => {
    expect(named(`streams: { ${streams} }`, name)?.historyMs).toBe(historyMs);
  });

  test("are taken out by enabled: false", () => {
    const { streams } = streamsOf("streams: { devices: { enabled: false } }");
    expect(streams.map(({ name }) => name)).toEqual(["data"]);
  });

  test("follow the environment first, then weir.yaml, then the defaults", () => {
    const text = "streams: { data: { retention: { age: 2h }, batch: { rows: 9 } } }";
    expect(named(text, "data")).toMatchObject({
      retention: { ageMs: 7_200_000 },
      batch: { rowsMax: 9, delayMs: 240 },
    });
    const environment = { LOGGER_RETENTION_MINUTES: "50", LOGGER_BATCH_ROWS_MAX: "8" };
    expect(named(text, "data", environment)).toMatchObject({
      retention: { ageMs: 3_000_000 },
      batch: { rowsMax: 8 },
    });
  });

  test("take their topics from the environment where it names some", () => {
    const text = "streams: { data: { filters: [OURS] }, devices: { filters: [ours/#] } }";
    expect(named(text, "data", { TOPIC: "IN" })?.filters).toEqual(["IN"]);
    expect(named(text, "devices", { DEVICE_TOPIC_PREFIXES: "a, b" })?.filters).toEqual([
      "a/#",
      "b/#",
      "homeassistant/device/+/config",
    ]);
    expect(named(text, "data")?.filters).toEqual(["OURS"]);
    expect(named(text, "devices")?.filters).toEqual(["ours/#"]);
  });

  test("may log what the logger and the broker themselves say", () => {
    const text =
      "streams: { own: { filters: [weir/service/logger/performance, weir/receipt/#, $SYS/#] } }";
    expect(named(text, "own")?.filters).toHaveLength(3);
  });

  test("have the same folder whether it is named or not", () => {
    const text = "streams: { devices: { folder: devices }, a: { filters: [x], folder: /srv/a } }";
    expect(named(text, "devices")?.place).toEqual(named("", "devices")?.place);
    expect(named(text, "a")?.place).toEqual({ kind: "folder", folder: "/srv/a" });
  });

  test("may share what is written once, by aliases", () => {
    const text = `
streams:
  a: { filters: [a], retention: &week { age: 7d } }
  b: { filters: [b], retention: *week }`;
    expect(named(text, "b")?.retention.ageMs).toBe(7 * 86_400_000);
  });

  test("know what proves who they are to further brokers, from files beside weir.yaml", () => {
    const { certificate, key } = createTestCertificate({ name: "weir" });
    const text = `
brokers: { a: { url: "mqtts://a", ca: ca.pem, certificate: weir.pem, key: keys/weir.key } }`;
    const { brokers } = streamsOf(text, {}, (folder) => {
      mkdirSync(folder.file("keys"));
      for (const file of ["ca.pem", "weir.pem"]) writeFileSync(folder.file(file), certificate);
      writeFileSync(folder.file("keys/weir.key"), key);
    });
    expect(brokers.a?.tls).toEqual({ ca: certificate, certificate, key });
  });

  test("know further brokers, whose passwords come from elsewhere", () => {
    const text = `
brokers:
  a: { url: "mqtts://a", username: u, passwordVariable: A_PASSWORD }
  b: { url: "ws://b:9001/mqtt", passwordFile: secret }
streams: { barn: { filters: [barn/#], broker: a } }`;
    const { brokers } = streamsOf(text, { A_PASSWORD: "one" }, (folder) =>
      writeFileSync(folder.file("secret"), "two\n"),
    );
    expect(brokers).toMatchObject({
      default: { url: "mqtt://localhost" },
      a: { url: "mqtts://a", username: "u", password: "one" },
      b: { url: "ws://b:9001/mqtt", username: null, password: "two" },
    });
  });
});
